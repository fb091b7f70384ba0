"""The example's commands: `hosts` runs the pretended providers, `files` writes the tasks and the configuration for them."""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path

from shadow.demo.fleet.example_files import write_example
from shadow.demo.fleet.pretended_hosts import HOSTS, PretendedHosts

PORT = 8790
"""Port of the pretended providers, where no other is named."""


def main() -> None:
    """Run the command that is named."""
    parser = argparse.ArgumentParser(prog="python -m shadow.demo.fleet", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    hosts = commands.add_parser("hosts", help="run the simulated providers until Ctrl-C")
    hosts.add_argument("--port", type=int, default=PORT, help="0 takes a free one")
    hosts.add_argument("--wavering", type=float, default=0.0, metavar="SHARE", help="share of runs that end early")
    files = commands.add_parser("files", help="write the example's task files and configuration")
    files.add_argument("folder", type=Path)
    files.add_argument("--port", type=int, default=PORT, help="port of the simulated providers")
    given = parser.parse_args()
    if given.command == "hosts":
        asyncio.run(_serve(given.port, given.wavering))
    else:
        for path in write_example(given.folder, given.port):
            print(path)  # noqa: T201 - a command's output


async def _serve(port: int, wavering: float) -> None:
    async with PretendedHosts(port=port, wavering=wavering) as hosts:
        for name in HOSTS:
            print(hosts.base_url(name), flush=True)  # noqa: T201 - a command's output
        await asyncio.Event().wait()


if __name__ == "__main__":
    main()
