"""The record: entries, chain, tree, checkpoints, keys, vault, journal, store, registers, verification."""
