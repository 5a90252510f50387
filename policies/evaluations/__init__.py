"""Evaluations before deployment: results of test suites read, measured, compared and judged."""
