"""Who may act here, and in which roles."""
