"""The record itself: entries, approvals, policies in force, verification."""
