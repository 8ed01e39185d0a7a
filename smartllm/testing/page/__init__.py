"""The page of a sandbox: what it shows of each call, and where it is served."""
