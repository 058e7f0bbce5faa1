"""Parts of the portal end while it is used; what it has promised holds. In full: `python -m tests.soak`."""
