"""Calls from the shell: how they are made, what is told while they last, and what is printed."""
