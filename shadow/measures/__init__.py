"""Measurements of texts, values and calls that checks, comparisons and drift share; pure."""
