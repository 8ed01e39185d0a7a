"""The response cache: keys, entries, and the two levels that keep them."""
