"""Bias audits: asking for one, and reading what it found."""
