"""The tools about verdicts over cards made by hand: what each figure becomes, and for how long a period is kept."""

import json
from dataclasses import replace

import pytest

from shadow.drift.verifier_figures import Triggering
from shadow.mcp_server import verdict_tools
from shadow.mcp_server.verdict_tools import VerdictTools
from shadow.settings.config_errors import ConfigError
from shadow.verdict.verdict_value import VerdictWord
from storage.judgement_rows import AlarmRow, JudgementBatch
from storage.rows import PairGroup
from tests.shadow.report.made_report import FAITHFUL, GARBLER, SINCE, card, check, reason, report, signal, verdict

QUIET = verdict(VerdictWord.NONE_SEEN, "no difference seen")
FIGURES = Triggering(
    pairs=90, f1=0.8, f1_limit=0.95, kappa=0.7, ratio=1.25, control_pairs=40, own_f1=0.9, difference=-0.1, low=-0.2, high=-0.05
)


class Built:
    """The cards that each period is built with, how often that was done, and the clock that the tools read."""

    def __init__(self):
        self.cards = {}
        self.builds = []
        self.seconds = 0.0

    def verdicts(self, _reader, since, _until):
        self.builds.append(since)
        return replace(report(), cards=tuple(self.cards.get(since, ())))


@pytest.fixture
def built(monkeypatch):
    found = Built()
    monkeypatch.setattr(verdict_tools, "build_verdicts", found.verdicts)
    return found


@pytest.fixture
def tools(sqlite_store, built):
    return VerdictTools(sqlite_store, lambda: SINCE + 86_400, lambda: built.seconds)


def test_verdict_has_its_reasons_and_what_was_not_compared(tools, built):
    sized = replace(reason(), size=0.34, low=0.29, high=0.39, since=SINCE + 60)
    built.cards[SINCE] = [card("p", verdict(VerdictWord.DIFFERS, "differs", sized, since=SINCE)), FAITHFUL, GARBLER]
    first, second, third = tools.provider_summary("24h", "now", "").providers
    assert (first.provider, first.model, first.reference) == ("p", "m", "official")
    assert (first.verdict, first.sentence) == ("differs", "differs")
    assert (first.since, first.requests, first.pairs, first.compared) == ("2023-11-14T22:13:20.000+00:00", 400, 200, 150)
    assert [each.model_dump() for each in first.reasons] == [
        {
            "word": "differs",
            "signal": "arguments",
            "phrase": "arguments differ",
            "size": 0.34,
            "low": 0.29,
            "high": 0.39,
            "since": "2023-11-14T22:14:20.000+00:00",
        }
    ]
    assert (first.smallest_detectable, second.smallest_detectable) == (None, 0.06)
    assert third.not_compared == {"why 3": 3, "why 9": 9, "why 5": 5}
    assert [each.provider for each in tools.provider_summary("24h", "now", "garbler").providers] == ["garbler"]
    with pytest.raises(ConfigError, match="no such provider: 'far'"):
        tools.provider_summary("24h", "now", "far")


def test_tool_calls_are_those_of_pairs_with_tools_and_of_checked_answers(tools, built):
    checked = check("valid_calls", answers=70, faulty=3)
    built.cards[SINCE] = [
        card("both", QUIET, triggering=FIGURES, checks=(check("usage"), checked)),
        card("compared", QUIET, triggering=FIGURES),
        card("checked", QUIET, checks=(checked,)),
        card("neither", QUIET, checks=(check("usage"),)),
    ]
    both, compared, alone = tools.tool_call_stats("24h", "now", "").providers
    assert both.model_dump() == {
        "provider": "both",
        "model": "m",
        "reference": "official",
        "pairs_with_tools": 90,
        "call_f1": 0.8,
        "call_f1_of_the_reference_with_itself": 0.9,
        "calls_per_call_of_the_reference": 1.25,
        "kappa": 0.7,
        "f1_difference": -0.1,
        "low": -0.2,
        "high": -0.05,
        "answers_with_calls_checked": 70,
        "invalid_calls": 3,
    }
    assert (compared.pairs_with_tools, compared.answers_with_calls_checked, compared.invalid_calls) == (90, 0, 0)
    assert (alone.provider, alone.pairs_with_tools, alone.call_f1, alone.kappa, alone.high) == ("checked", 0, None, None, None)


def windows(tools, built, before, after):
    built.cards = {SINCE: [card("p", QUIET, signals=before)], SINCE + 43_200: [card("p", QUIET, signals=after), GARBLER]}
    return tools.compare_windows("p", ("24h", "12h"), ("12h", "now"))


@pytest.mark.parametrize(
    ("before", "after", "apart"),
    [
        ((-0.1, 0.1), (0.11, 0.3), True),
        ((-0.1, 0.1), (0.1, 0.3), False),
        ((0.1, 0.3), (-0.1, 0.09), True),
        ((0.1, 0.3), (-0.1, 0.1), False),
        ((0.0, 0.0), (0.1, 0.2), True),
        ((0.1, 0.2), (-0.1, 0.0), True),
        ((None, 0.1), (0.2, 0.3), False),
        ((0.0, None), (0.2, 0.3), False),
        ((0.0, 0.1), (None, 0.3), False),
        ((0.0, 0.1), (0.2, None), False),
    ],
)
def test_two_periods_are_apart_where_one_interval_ends_before_the_other_begins(tools, built, before, after, apart):
    lines = [[signal("text", "differs", 0.0, low=low, high=high)] for low, high in (before, after)]
    [found] = windows(tools, built, *lines).signals
    assert (found.apart, found.before_low, found.before_high, found.after_low, found.after_high) == (apart, *before, *after)


def test_signal_that_only_one_period_has_is_not_measured_in_the_other(tools, built):
    found = windows(tools, built, [signal("text", "differs", 0.2)], [signal("tools", "differs", 0.3, pairs=80)])
    assert [each.model_dump(exclude={"before_low", "before_high", "after_low", "after_high"}) for each in found.signals] == [
        {
            "model": "m",
            "reference": "official",
            "signal": name,
            "before": before,
            "after": after,
            "pairs_before": pairs_before,
            "pairs_after": pairs_after,
            "apart": False,
        }
        for name, before, after, pairs_before, pairs_after in (("text", 0.2, None, 150, 0), ("tools", None, 0.3, 0, 80))
    ]
    assert (found.before.since, found.before.until) == ("2023-11-14T22:13:20.000+00:00", "2023-11-15T10:13:20.000+00:00")
    assert (found.after.since, found.after.until) == ("2023-11-15T10:13:20.000+00:00", "2023-11-15T22:13:20.000+00:00")


def test_period_is_built_again_after_a_minute_and_not_before(tools, built):
    for seconds, builds in ((0.0, 1), (59.9, 1), (60.0, 2), (119.9, 2), (120.0, 3)):
        built.seconds = seconds
        tools.provider_summary("24h", "now", "")
        assert len(built.builds) == builds


def test_eight_periods_are_kept_those_that_were_built_last(tools, built):
    for hours in range(1, 9):
        tools.provider_summary(f"{hours}h", "now", "")
    built.seconds = 60.0
    tools.provider_summary("1h", "now", "")
    built.seconds = 61.0
    tools.provider_summary("9h", "now", "")
    built.seconds = 59.0
    built.builds.clear()
    for hours in (9, 8, 3, 1):
        tools.provider_summary(f"{hours}h", "now", "")
    assert built.builds == []
    tools.provider_summary("2h", "now", "")
    assert len(built.builds) == 1


@pytest.mark.parametrize("since", ["1h", "30m"])
def test_period_that_does_not_begin_before_its_end_is_refused(tools, since):
    with pytest.raises(ConfigError, match=f"since '{since}' is not before until '1h'"):
        tools.provider_summary(since, "1h", "")


def change(at, *, provider="p", model="m", **details):
    group = PairGroup(route="default", model=model, provider=provider, reference="r")
    stored = json.dumps(details)
    return AlarmRow(at=at, pair_id=f"{at}", group=group, old="ok", new="drift", name="arguments", details=stored)


@pytest.fixture
def changed(sqlite_store):
    def made(*rows):
        assert sqlite_store.judgements.claim("me", 0.0, 30.0)
        assert sqlite_store.judgements.record("me", JudgementBatch(alarms=rows))

    return made


def test_ten_newest_changes_of_a_provider_are_explained_the_newest_first(tools, changed):
    changed(*(change(SINCE + number) for number in range(12)), change(SINCE + 99, provider="q"), change(SINCE + 98, model="n"))
    assert len(tools.explain_alert("p", "").changes) == 10
    found = [each.at for each in tools.explain_alert("p", "m").changes]
    assert found == [f"2023-11-14T22:13:{20 + number}.000+00:00" for number in range(11, 1, -1)]
    assert [each.at for each in tools.explain_alert("p", "n").changes] == ["2023-11-14T22:14:58.000+00:00"]
    with pytest.raises(ConfigError, match="no such provider: 'far'  \\(known: p, q\\)"):
        tools.explain_alert("far", "")
    with pytest.raises(ConfigError, match="no such model: 'x'"):
        tools.explain_alert("q", "x")


def test_change_has_the_dates_of_its_strongest_test_and_five_pairs_of_each_as_examples(tools, changed):
    first = {"signal": "arguments", "sentence": "more", "since": SINCE, "earliest": SINCE - 1, "latest": SINCE + 1, "size": 0.3,
             "low": 0.2, "high": 0.4, "pair_ids": [f"pair-{number}" for number in range(6)]}  # fmt: skip
    second = {"signal": "text", "since": 1.0, "earliest": 1.0, "latest": 1.0}
    blame = {"blame": "provider", "blame_why": "q stayed"}
    verdict_alone = change(SINCE + 60, verdict_sentence="by the verdict", tests=[first, second], **blame)
    changed(change(SINCE, sentence="itself"), verdict_alone)
    newest, oldest = tools.explain_alert("p", "").changes
    assert (newest.old, newest.new, newest.sentence) == ("ok", "drift", "by the verdict")
    assert (newest.which_side, newest.why_that_side) == ("provider", "q stayed")
    assert newest.since == "2023-11-14T22:13:20.000+00:00"
    assert (newest.earliest, newest.latest) == ("2023-11-14T22:13:19.000+00:00", "2023-11-14T22:13:21.000+00:00")
    assert newest.tests[0].model_dump() == {
        "signal": "arguments",
        "sentence": "more",
        "size": 0.3,
        "low": 0.2,
        "high": 0.4,
        "example_pairs": ["pair-0", "pair-1", "pair-2", "pair-3", "pair-4"],
    }
    assert (oldest.sentence, oldest.tests, oldest.since) == ("itself", [], None)
