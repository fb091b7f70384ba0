"""Renders the tournament of a route: what is claimed of each candidate, and price against difference; without one, its plan."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

from jinja2 import Environment

from shadow.choice.candidate_claims import ChoiceVerdict
from shadow.pages.page_address import address, checked, provider_address
from shadow.settings.top_level_config import Config
from shadow.tournament.claim_sentences import LEVEL, limit_sentence, live_sentence, money
from shadow.tournament.known_tournaments import KnownTournaments
from shadow.tournament.pareto_plot import pareto_plot
from shadow.tournament.route_view import RoutePlan, route_view
from shadow.tournament.segment_figures import STATEMENT, has_segments, segment_sentence, tag_rows
from shadow.tournament.tournament_figures import TournamentFigures
from shadow.tournament.tournament_record import running_routes
from shadow.tournament.tournament_route import TournamentRoute, routes_with_candidates, tournament_route
from shadow.tournament.tournament_text import MARKS, cells, head, planned, tag_cells
from storage.store import Reader

PARAMETERS = ("route",)
FRESH_SECONDS = 10.0
"""Seconds for which the figures of a route are shown again without being computed."""
CLASSES = {ChoiceVerdict.SAME: "match", ChoiceVerdict.WORSE: "differ", ChoiceVerdict.DIFFERS: "differ"}
"""The CSS class of each verdict; `not_measured` is that of the others."""


class ChoosePage:
    """The page of one route at a time; `now` returns seconds since the epoch."""

    def __init__(self, reader: Reader, jinja: Environment, config: Config, *, now: Callable[[], float]) -> None:
        self._reader, self._jinja, self._now = reader, jinja, now
        self.config = config
        self._known: dict[str, tuple[float, Config, TournamentFigures | RoutePlan]] = {}
        self._tournaments = KnownTournaments()
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"<ChoosePage {sorted(self._known)}>"

    def page(self, query: Mapping[str, str]) -> str:
        """The page; ConfigError for a route that has no candidates."""
        config = self.config
        name = checked(query, PARAMETERS).get("route", "")
        running = running_routes(self._reader.studies.studies())
        names = routes_with_candidates(config) or tuple(each.name for each in config.proxy.routes if each.name in running)
        template = self._jinja.get_template("choose.html")
        if not names and not name:
            return template.render(names=(), found=None, plan=None)
        route = tournament_route(config, name or names[0], running)
        found = self._view(config, route)
        links = tuple((each, address("/choose", {"route": each}), each == route.name) for each in names)
        if isinstance(found, RoutePlan):
            return template.render(names=links, found=None, plan=found)
        return template.render(
            names=links,
            plan=None,
            found=found,
            head=head(found),
            planned=planned(found),
            plot=pareto_plot(found),
            level=LEVEL if any(each.verdict is ChoiceVerdict.SAME for each in found.candidates) else "",
            statement=STATEMENT if has_segments(found.candidates) else "",
            tags=[
                {
                    "cells": tag_cells(one, each),
                    "kind": "differ" if each.beyond else "not_measured",
                    "address": address("/pairs", {"provider": one.name, "route": found.route, "segment": each.segment}),
                }
                for one, each in tag_rows(found.candidates)
            ],
            live=[words for each in found.live if (words := live_sentence(each))],
            rows=[
                {
                    "figures": each,
                    "cells": cells(each),
                    "mark": MARKS.get(each.verdict, "?"),
                    "kind": CLASSES.get(each.verdict, "not_measured"),
                    "limits": limit_sentence(each.label, each.limits),
                    "segments": segment_sentence(each),
                    "address": provider_address(each.name, since="all"),
                }
                for each in found.candidates
            ],
            money=money,
            classes=CLASSES,
        )

    def _view(self, config: Config, route: TournamentRoute) -> TournamentFigures | RoutePlan:
        """The figures of a route, computed once for readers of the same seconds."""
        with self._lock:
            now = self._now()
            at, of, found = self._known.get(route.name, (float("-inf"), None, None))
            if found is None or of is not config or not at <= now < at + FRESH_SECONDS:
                found = route_view(self._reader, config, route, now, self._tournaments)
                self._known[route.name] = (now, config, found)
            return found
