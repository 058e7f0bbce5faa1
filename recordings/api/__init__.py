"""The HTTP API: it reads requests, asks the stages, and writes answers."""
