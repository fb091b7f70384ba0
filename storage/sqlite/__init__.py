"""The store in one SQLite file: one thread that writes, and any number of readers."""
