"""Findings: what a comparison or a check states of one signal, and when nothing can be compared; pure."""
