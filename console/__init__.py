"""The hands: the command line and the terminal screens."""
