"""The proof: templates, charts, PDF building, signing and verifying."""
