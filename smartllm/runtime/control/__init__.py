"""Time and numbers: deadline, retries, concurrency, joining of equal calls, and who owns what."""
