"""Telling other programs what happens to recordings: announced with the audit event, delivered by workers."""
