"""Runs that begin at the keyboard, not on the wire."""
