"""Models that take over where a client's own fails."""
