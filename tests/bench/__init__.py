"""Benchmarks: Sortie against the best of each kind on this machine, by `make bench`. They assert no times."""
