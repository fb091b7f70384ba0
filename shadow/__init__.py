"""Meaning: the audit that calls a reference, compares, judges and shows; traffic never waits for it."""
