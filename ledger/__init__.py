"""The record: entries, chain, tree, keys, vault, journal, store, registers, verification."""
