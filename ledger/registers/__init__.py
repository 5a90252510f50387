"""The registers: tables projected from entries, and the rules for what may be entered."""
