"""Uploads into a portal whose parts die, and a recorder that does: `python -m tests.soak`; in short, the tests."""
