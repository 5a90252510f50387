"""Data that the demo and the tests run on, with the script that makes it."""
