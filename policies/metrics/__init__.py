"""Live metrics of a model's decisions, straight from its sealed logs."""
