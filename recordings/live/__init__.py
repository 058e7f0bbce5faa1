"""What stays connected: the WebSockets of the live process."""
