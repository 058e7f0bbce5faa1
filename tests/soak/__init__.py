"""Uploads into a real portal whose parts die: `python -m tests.soak`; in short, tests/faults."""
