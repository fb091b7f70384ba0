"""Findings: the outcome of a comparison or a check for one signal, and when nothing can be compared; pure."""
