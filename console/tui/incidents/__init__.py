"""Incidents: the clock that runs, and the playbook."""
