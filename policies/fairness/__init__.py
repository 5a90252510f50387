"""The bias audit: files of decisions in, groups with their rates, intervals and a verdict out."""
