"""Speed of the record, measured on the machine at hand: `make bench`, `python -m benchmarks`.

Every figure is a ratio to something else measured in the same run, or stands beside the least that
is promised. Nothing here is asserted by a test: machines differ.
"""
