"""Meaning: the audit that asks a reference, compares, judges and shows; it never stands in the way of the traffic."""
