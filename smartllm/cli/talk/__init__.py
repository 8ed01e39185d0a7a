"""Talks at the shell: their turns, where they are kept, and the lines and commands of a chat."""
