"""Answers under a lowered schema: which arm they mean, and how they come back in the caller's form."""
