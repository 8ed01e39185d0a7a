"""Bytes: one HTTP transport for every host, signatures, and the two kinds of event streams."""
