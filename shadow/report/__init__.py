"""Reports: the figures and verdicts of a period, read from the store, as text and JSON."""
