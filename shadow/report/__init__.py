"""A period in figures and verdicts, read from the store."""
