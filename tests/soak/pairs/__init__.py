"""Two of each process behind nginx, a crowd that records and watches, and each process killed in its turn."""
