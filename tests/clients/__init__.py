"""Stock clients, as their makers publish them, for uploading to a real portal."""
