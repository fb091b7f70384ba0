"""Bytes to meaning: pure, total, and strict about saying why when something could not be read."""
