"""Checks: each takes one answer and returns a finding; no reference is needed, so they run on all traffic."""
