"""The fleet's MCP server as a command."""

from __future__ import annotations

from shadow.studies.fleet.fleet_options import fleet_options


def main() -> None:
    """Serve by stdio, or by HTTP where a port is named."""
    options = fleet_options()
    from shadow.studies.fleet.fleet_server import serve_http, serve_stdio  # noqa: PLC0415 - after --help: the SDK takes seconds

    if options.http:
        serve_http(options.padding, options.http)
    else:
        serve_stdio(options.padding)


if __name__ == "__main__":
    main()
