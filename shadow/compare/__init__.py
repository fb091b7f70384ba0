"""Comparators: pure functions of one signature, in an ordered tuple; each compares a pair in one signal."""
