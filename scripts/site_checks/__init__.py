"""What must hold of the built site: links by reading it, all else in a real browser."""
