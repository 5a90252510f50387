"""Decision logs: from an application's file to a sealed log, without a ledger in sight."""
