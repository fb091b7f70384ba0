"""Exit codes that more than one command has; docs/reference/cli.md lists all of them."""

from __future__ import annotations

INTERRUPTED = 130
"""Ended by Ctrl-C: 128 and the number of SIGINT, as shells have it."""
