"""Data sets: what models are made with, and what is odd in data."""
