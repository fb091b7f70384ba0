"""CandidateCopies: the routes whose tournament runs, and what is left of its money: whose candidates get copies follows from it.

It does not depend on the configuration, so that a route that a reload brings is held or not by the same rule at once.
"""

from __future__ import annotations

from typing import NamedTuple

from shadow.settings.top_level_config import Config


class CandidateCopies(NamedTuple):
    """Names of routes: those of which a tournament was begun and has not ended, and those of these whose money is spent.

    `left` is the money that one process may spend for each other tournament with a limit, by the `reading` of the store of that
    number.
    """

    begun: frozenset[str] = frozenset()
    spent: frozenset[str] = frozenset()
    left: frozenset[tuple[str, float]] = frozenset()
    reading: int = 0

    def held(self, config: Config) -> frozenset[str]:
        """The routes whose candidates get no copies: they wait for a tournament (`tournament.copies`), or its money is spent."""
        named = {route.name for route in config.proxy.routes if route.candidates}
        waiting = named - self.begun if config.tournament.copies == "started" else frozenset[str]()
        return frozenset(waiting | (named & self.spent))

    def applied(self, config: Config) -> Config:
        """The configuration in which the routes that are held have no candidates."""
        held = self.held(config)
        if not held:
            return config
        routes = tuple(
            route.model_copy(update={"candidates": ()}) if route.name in held else route for route in config.proxy.routes
        )
        return config.model_copy(update={"proxy": config.proxy.model_copy(update={"routes": routes})})
