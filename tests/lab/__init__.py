"""The tamper lab: what somebody who can write a home's files tries, and what comes of it.

`python -m tests.lab` performs every attack and prints a table; `python -m tests.lab --damage 10000`
changes single bytes at random. Everything happens on copies that the lab makes itself.
"""
