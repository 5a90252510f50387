"""The story `quaestor demo` tells, and the application whose model it stops."""
