"""Profiles: what a rule or a practice asks of a bias audit, and the audit made as it asks."""
