"""Journeys on raw sockets run on both loops that the data plane may run on; the others start processes that choose."""

import asyncio
import os

import uvloop

ON_BOTH = {
    *("test_bytes_pass_untouched.py", "test_client_leaves_early.py", "test_hostile_requests.py", "test_request_smuggling.py"),
    "test_provider_dies_midstream.py",
}

collect_ignore = ["test_fleet_over_a_lossy_link.py"] if os.environ.get("LOSSY_LINK") == "none" else []
"""What needs a network namespace, on a machine that allows none: `.ci/run` sets the variable, and prints why."""


def pytest_asyncio_loop_factories(config, item):
    loops = {"asyncio": asyncio.new_event_loop}
    return {**loops, "uvloop": uvloop.new_event_loop} if item.path.name in ON_BOTH else loops
