"""What data looks like, and how far two sets of it lie apart: from files alone, no ledger."""
