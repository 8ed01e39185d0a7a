"""What the commands on files of requests do."""
