"""What a look at a tournament reads: the pairs, changes and alarms up to its end, and the costs of each side."""

from dataclasses import replace

import pytest

from shadow.choice.candidate_claims import ChoiceVerdict
from shadow.settings.top_level_config import Config
from shadow.tournament.tournament_figures import CandidateFigures
from shadow.tournament.tournament_view import tournament_figures
from storage.judgement_rows import AlarmRow
from storage.rows import IdentityRow, PairGroup
from tests.shadow.tournament.arm_rows import BEGUN, LATER, RECORD, row

PRICES = {"live": 1.0, "maker": 2.0, "host-a": 4.0, "host-b": 8.0, "host-c": 8.0}
PROVIDERS = {
    name: {"base_url": f"https://{name}.example.com/v1", "price_input": price, "price_output": price}
    for name, price in PRICES.items()
}
ROUTE = {"name": "agents", "provider": "live", "reference": "maker", "candidates": ["host-a", "host-b", "host-c"]}
CONFIG = Config.model_validate({"proxy": {"providers": PROVIDERS, "routes": [ROUTE]}, "storage": {"keep_days": 400}})
GROUP = PairGroup(route="agents", model="kimi", provider="host-a", reference="maker")


class Shelf:
    """A store of pairs, of changes of serving identities and of alarms, each read by its period."""

    def __init__(self, *pairs, changes=(), alarms=()):
        self.judgements = self.studies = self.identity_queries = self
        self._pairs, self._changes, self._alarms = pairs, changes, alarms

    def arm_pairs(self, _route, since, until):
        return [each for each in self._pairs if since <= each.started and (not until or each.started < until)]

    def identities(self, since, until, limit):
        return [each for each in self._changes if since <= each.started < until][:limit]

    def alarms(self, since, until):
        return [each for each in self._alarms if since <= each.at and (not until or each.at < until)]

    def latest(self, _limit):
        return []

    def limits(self, since, until):
        accepted = [each.tokens[0] for each in self.arm_pairs("", since, until) if each.tokens]
        return {("host-a", "kimi"): (max(accepted), None)} if accepted else {}

    def deleted_pairs(self, _tournament):
        return 0

    def extent(self):
        return 0, BEGUN


def changed(seconds: float) -> IdentityRow:
    """The serving identity of a candidate is another one so many seconds after the begin."""
    of = {"exchange_id": "x", "provider": "host-a", "model": "kimi", "identity": "b", "previous": "a"}
    return IdentityRow(started=BEGUN + seconds, changes="[]", facts="{}", **of)


def alarm(seconds: float, new: str = "drift", **group: str) -> AlarmRow:
    return AlarmRow(at=BEGUN + seconds, pair_id="p", group=replace(GROUP, **group), old="ok", new=new, name="x", details="{}")


def looked(shelf: Shelf, now: float, *, ended: float = 0.0) -> CandidateFigures:
    """The first candidate at a look; `ended` in seconds after the begin, 0 where the tournament runs."""
    record = replace(RECORD, ended=BEGUN + ended if ended else 0.0)
    return tournament_figures(shelf, record, now, CONFIG).candidates[0]


TEN = [row(place) for place in range(10)]


def test_a_tournament_that_runs_is_computed_up_to_the_look_with_a_change_of_that_moment():
    assert (looked(Shelf(*TEN), LATER).requests, looked(Shelf(*TEN), LATER).conversations) == (10, 10)
    found = looked(Shelf(*TEN, changes=[changed(540.0)]), BEGUN + 540.0)
    assert (found.requests, found.identity.changed) == (1, True)
    assert looked(Shelf(*TEN, changes=[changed(542.0)]), BEGUN + 540.0).requests == 10


def test_an_alarm_of_a_running_tournament_takes_a_claim_back_and_one_after_the_end_of_it_does_not():
    shelf = Shelf(*TEN, alarms=[alarm(400.0)])
    assert looked(shelf, LATER).verdict is ChoiceVerdict.DIFFERS
    assert looked(shelf, LATER, ended=401.0).verdict is ChoiceVerdict.DIFFERS
    assert looked(shelf, LATER, ended=400.0).verdict is ChoiceVerdict.UNDECIDED


@pytest.mark.parametrize(
    "group", [{"route": "other"}, {"reference": "near"}, {"upstream": "a"}, {"provider": "host-b"}, {"model": "other"}]
)
def test_an_alarm_of_another_group_takes_no_claim_back(group):
    assert looked(Shelf(*TEN, alarms=[alarm(400.0, **group)]), LATER).verdict is ChoiceVerdict.UNDECIDED


@pytest.mark.parametrize(("newest", "verdict"), [("drift", ChoiceVerdict.DIFFERS), ("recovered", ChoiceVerdict.UNDECIDED)])
def test_the_newest_alarm_of_a_candidate_is_its_state(newest, verdict):
    older = "recovered" if newest == "drift" else "drift"
    assert looked(Shelf(*TEN, alarms=[alarm(500.0, newest), alarm(400.0, older)]), LATER).verdict is verdict


def test_a_tournament_that_has_ended_is_the_one_at_its_end():
    found = looked(Shelf(*TEN), LATER, ended=330.0)
    assert (found.requests, found.conversations) == (6, looked(Shelf(*TEN[:6]), BEGUN + 330.0).conversations)
    assert found.conversations < 6


def test_each_side_has_the_price_of_its_own_answers():
    tokens = (1_000, 0, 0, 0, 0, 0, 0)
    pairs = [row(place, tokens=tokens) for place in range(40)]
    served = [row(place, "live", role="primary", tokens=tokens) for place in range(30)]
    record = replace(RECORD, ended=BEGUN + 7_200)
    figures = tournament_figures(Shelf(*pairs, *served), record, LATER, CONFIG)
    one, (live,) = figures.candidates[0], figures.live
    assert (one.price.requests, one.price.per_thousand) == (40, pytest.approx(4.0))
    assert (live.price.requests, live.price.per_thousand) == (30, pytest.approx(1.0))
    assert one.limits.largest_prompt == 1_000
