"""The options of the fleet's command, also of one that runs inside the study's own process."""

from __future__ import annotations

import argparse
from collections.abc import Sequence


def fleet_options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """`padding` (characters) and `http` (port, 0 for stdio); the process's own arguments where none are given."""
    parser = argparse.ArgumentParser(prog="python -m shadow.studies.fleet", description="The fleet's MCP server, by stdio.")
    parser.add_argument("--padding", type=int, default=0, metavar="N", help="characters added to the descriptions of the tools")
    parser.add_argument("--http", type=int, default=0, metavar="PORT", help="streamable HTTP on this port instead of stdio")
    return parser.parse_args(arguments)
