"""One client connection: its requests read, its responses written."""
