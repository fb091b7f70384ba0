"""Faces that only read the store."""
