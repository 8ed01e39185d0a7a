"""Structured answers: read, checked, put into responses or errors, and asked for again."""
