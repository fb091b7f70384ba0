"""tournament_route(): the route that a tournament is of: the named one, or the only one with candidates.

One whose candidates were taken out of the configuration is shown while its tournament runs, as after a switch to one of them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from shadow.choice.tournament_terms import TournamentTerms
from shadow.settings.config_errors import ConfigError, meant, quoted
from shadow.settings.top_level_config import Config, TournamentConfig
from shadow.tournament.tournament_record import TournamentRecord

HOW = 'name them in its [[proxy.routes]] table: candidates = ["hostB"]'


@dataclass(frozen=True, slots=True, kw_only=True)
class TournamentRoute:
    """A route with what its candidates are compared with."""

    name: str
    reference: str
    candidates: tuple[str, ...]


def tournament_route(config: Config, name: str, running: Collection[str] = ()) -> TournamentRoute:
    """The route of this `name`, "" for the only one with candidates; ConfigError where there is none. `running` are the names of
    routes whose tournament runs, which need no candidates to be shown.
    """
    known = {route.name: route for route in config.proxy.routes}
    having = routes_with_candidates(config) or tuple(each for each in known if each in running)
    if name and name not in known:
        raise ConfigError([f"choose: no such route: {quoted(name)}{meant(name, known)}"])
    if name and name not in {*having, *running}:
        raise ConfigError([f"choose: the route {quoted(name)} has no candidates; {HOW}"])
    if not having:
        raise ConfigError([f"choose: no route has candidates; {HOW}"])
    if not name and len(having) > 1:
        raise ConfigError([f"choose: {len(having)} routes have candidates ({', '.join(having)}); name one with --route"])
    route = known[name or having[0]]
    return TournamentRoute(name=route.name, reference=route.reference or config.proxy.reference, candidates=route.candidates)


def routes_with_candidates(config: Config) -> tuple[str, ...]:
    """The names of the routes that have candidates, in the order of the configuration."""
    return tuple(route.name for route in config.proxy.routes if route.candidates)


def configured_terms(config: TournamentConfig) -> TournamentTerms:
    """The terms that a tournament begun now would have."""
    return TournamentTerms(
        tolerance=config.tolerance / 100, signals=tuple(signal.value for signal in config.signals), places=config.places
    )


def route_changes(config: Config, record: TournamentRecord) -> Iterator[str]:
    """What of the route is configured otherwise than when its tournament began, as sentences; its terms stay as they were."""
    route = next((each for each in config.proxy.routes if each.name == record.route), None)
    if route is None:
        return
    reference = route.reference or config.proxy.reference
    added = [name for name in route.candidates if name not in record.candidates]
    gone = [name for name in record.candidates if name not in route.candidates]
    if reference != record.reference:
        yield f"The reference of the route is {reference} now, and was {record.reference} at the start: no further pair counts."
    if added:
        yield f"Configured since this tournament began, and no part of it: {', '.join(added)}."
    if gone:
        yield f"No candidate of the route any more, so that no further copy is sent: {', '.join(gone)}."
    if route.candidates and (reference != record.reference or added or gone):
        yield "To start one with what is configured now: sameweights choose --start --replace."
