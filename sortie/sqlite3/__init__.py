"""SQLite as Django has it, with connections that threads share."""
