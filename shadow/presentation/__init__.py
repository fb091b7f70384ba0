"""Stored exchanges as values that pages and terminals show side by side; pure."""
