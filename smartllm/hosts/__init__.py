"""What differs between hosts and is no data: auth schemes, error readers, listings, what a hint says."""
