"""Bytes to meaning: pure, total, and strict: what could not be read has a reason."""
