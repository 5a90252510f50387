"""Switches: stopping a model, and bringing it back."""
