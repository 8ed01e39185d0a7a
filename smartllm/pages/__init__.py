"""Pages for a browser: of facts, of two models side by side, and of the calls that a sandbox gets."""
