"""What waits for me, and whether the record is sound."""
