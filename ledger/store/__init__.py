"""Where a ledger's entries, tiles and registers are kept. Nothing above here knows the database."""
