"""Claude's Messages, on whatever host."""
