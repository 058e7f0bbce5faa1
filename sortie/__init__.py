"""Wiring: settings, addresses, and the programs that serve and work."""

# Whoever sends a message needs the configured app, so it is made with the first import of the settings.
from sortie.celery import app as celery_app

__all__ = ["celery_app"]
