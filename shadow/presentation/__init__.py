"""Prepares stored exchanges for pages and terminals, which show them side by side; pure."""
