"""The inventory of models: cards, versions, decisions, and what happened to each."""
