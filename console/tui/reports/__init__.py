"""Signed reports: building them, and checking a file."""
