"""The data plane: bytes and times, forwarded and recorded unchanged; their meaning is left to `shadow`."""
