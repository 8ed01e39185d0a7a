"""Bulk work: requests in files, the providers' batch engines, and one machine that asks online."""
