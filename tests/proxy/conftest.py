"""The data plane runs on uvloop where there is one, and on asyncio elsewhere: what a test here says must hold on both."""

import asyncio

import uvloop


def pytest_asyncio_loop_factories(config, item):
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
