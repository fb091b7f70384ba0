"""Whole pages of one tournament that is made by hand: what a reader of the terminal, of Markdown and of JSON sees."""

import pytest

from proxy.provider_config import Provider
from shadow.choice.candidate_claims import ChoiceVerdict
from shadow.tournament.tournament_json import tournament_document
from shadow.tournament.tournament_markdown import tournament_markdown
from shadow.tournament.tournament_text import difference, tournament_text
from storage.judgement_rows import AlarmRow
from storage.rows import PairGroup
from tests.shadow.tournament.arm_rows import BEGUN, RECORD, arm, row
from tests.shadow.tournament.made_figures import DIFFERS, SAME, WAITING, candidate, signal, tournament, whole
from tests.shadow.tournament.test_tournament_view import changed, costs, figures, shown

PAGE = """\
Route agents, since 2026-05-28 20:26:40 to 2026-05-29 20:26:40 UTC: candidates against maker, tolerance 3 points, 5
places.
Planned: 1,700 requests in half of the cases, 3,600 in nine of ten.

✓ host-a: same.
  host-a is beyond the tolerance in tag=pay (kind of answer, about 40 points, 90 requests).
✗ host-b: worse.
✗ host-c: differs.
? host-d: not_measured.

The rank.
Of all such claims of a tournament, a false one is in at most one of twenty tournaments.
The level of "same" is that of all requests together. Of segments it is only claimed where a candidate is beyond the
tolerance, falsely in at most one of twenty tournaments.
A note.
Another.

candidate  requests   largest difference  price of 1,000  first token  whole answer  answered
─────────────────────────────────────────────────────────────────────────────────────────────
host-a        1,400   -0.4 [-1.6 to 0.8]            2.60       0.25 s        2.00 s      98 %
host-b        1,400  +12.3 [8.0 to 16.6]       not known            -             -     100 %
host-c        1,400    +2.0 [0.5 to 3.5]       not known            -             -         -
host-d            0                    -       not known            -             -         -

candidate  tag     requests          signal    largest difference
─────────────────────────────────────────────────────────────────
host-a     search     1,200  kind of answer    +1.2 [-4.8 to 7.2]
host-a     pay           90  kind of answer  +40.0 [34.0 to 46.0]

live serves meanwhile: 3.90 a thousand requests; first token 0.50 s.
host-a declares fp8, declares a context of 131,072 tokens, accepted prompts of up to 9,000 tokens."""
SHORT_PAGE = """\
Route agents, since 2026-05-28 20:26:40 UTC: candidates against maker, tolerance 3 points, 5 places.

✗ host-c: differs.

No candidate is proven the same yet.

candidate  requests  largest difference  price of 1,000  first token  whole answer  answered
────────────────────────────────────────────────────────────────────────────────────────────
host-c        1,400   +2.0 [0.5 to 3.5]       not known            -             -         -"""
MARKDOWN = """\
## sameweights choose: agents

Route agents, since 2026-05-28 20:26:40 UTC: candidates against maker, tolerance 3 points, 5 places. \
Planned: 1,700 requests in half of the cases, 3,600 in nine of ten.

- host-a: same. host-a is beyond the tolerance in tag=pay (kind of answer, about 40 points, 90 requests).
- host-d: not\\_measured.

No candidate is proven the same yet.

Of all such claims of a tournament, a false one is in at most one of twenty tournaments.

The level of "same" is that of all requests together. Of segments it is only claimed where a candidate is beyond the \
tolerance, falsely in at most one of twenty tournaments.

A note.

| candidate | requests | largest difference | price of 1,000 | first token | whole answer | answered |
|---|---:|---:|---:|---:|---:|---:|
| host-a | 1,400 | -0.4 \\[-1.6 to 0.8\\] | 2.60 | 0.25 s | 2.00 s | 98 % |
| host-d | 0 | \\- | not known | \\- | \\- | \\- |

| candidate | tag | requests | signal | largest difference |
|---|---:|---:|---:|---:|
| host-a | search | 1,200 | kind of answer | +1.2 \\[-4.8 to 7.2\\] |
| host-a | pay | 90 | kind of answer | +40.0 \\[34.0 to 46.0\\] |

host-a declares fp8, declares a context of 131,072 tokens, accepted prompts of up to 9,000 tokens.
"""
SHORT_MARKDOWN = """\
## sameweights choose: agents

Route agents, since 2026-05-28 20:26:40 UTC: candidates against maker, tolerance 3 points, 5 places.

- host-c: differs.

No candidate is proven the same yet.

| candidate | requests | largest difference | price of 1,000 | first token | whole answer | answered |
|---|---:|---:|---:|---:|---:|---:|
| host-c | 1,400 | +2.0 \\[0.5 to 3.5\\] | not known | \\- | \\- | \\- |
"""


def test_terminal_shows_claims_then_rank_then_figures_then_tags_then_what_is_declared():
    assert tournament_text(whole(), width=120, color=False) == PAGE


@pytest.mark.parametrize("missing", ["half", "nine_of_ten"])
def test_terminal_omits_each_part_of_which_nothing_is_known(missing):
    assert tournament_text(tournament(DIFFERS, **{missing: None}), width=120, color=False) == SHORT_PAGE


def test_markdown_shows_what_the_terminal_shows():
    assert tournament_markdown(tournament(SAME, WAITING, notes=("A note.",))) == MARKDOWN


def test_markdown_omits_each_part_of_which_nothing_is_known():
    assert tournament_markdown(tournament(DIFFERS, half=None)) == SHORT_MARKDOWN


@pytest.mark.parametrize(
    ("one", "start"),
    [
        (SAME, "\x1b[32m✓\x1b[0m host-a"),
        (DIFFERS, "\x1b[1;31m✗\x1b[0m host-c"),
        (WAITING, "\x1b[33m?\x1b[0m host-d"),
    ],
)
def test_mark_has_the_colour_of_its_verdict_and_the_sentence_has_none(one, start):
    assert f"\n{start}" in tournament_text(tournament(one), width=120, color=True)


@pytest.mark.parametrize("missing", ["excess", "low", "high"])
def test_difference_without_an_end_of_its_interval_is_a_dash(missing):
    found = signal(**{"excess": 0.02, "low": 0.005, "high": 0.035, missing: None})
    assert difference(candidate("host-a", ChoiceVerdict.UNDECIDED, found)) == "-"


def test_document_holds_every_figure_of_a_candidate_and_of_the_provider_that_serves():
    found = tournament_document(whole())
    assert (found["begun"], found["ended"]) == ("2026-05-28T20:26:40.000+00:00", "2026-05-29T20:26:40.000+00:00")
    assert (found["tolerance"], found["required"], found["places"], found["level"]) == (0.03, ["answer_kind"], 5, 0.05)
    assert (found["planned"], found["rank"]) == ({"half": 1_700, "nine_of_ten": 3_600}, "The rank.")
    assert found["notes"] == ["A note.", "Another."]
    assert (found["spent"], found["unpriced_calls"], found["money"]) == (None, 0, 0.0)
    latency = {"first_token": 0.5, "total": None}
    price = {"per_thousand": 3.9, "requests": 1_400, "cached_share": None}
    assert found["live"] == [{"name": "live", "price": price, "latency": latency}]
    one, other, *_ = found["candidates"]
    assert one["price"] == {"per_thousand": 2.6, "requests": 1_390, "cached_share": 0.75}
    assert one["limits"] == {"quantization": "fp8", "context": 131_072, "largest_prompt": 9_000}
    assert (one["sentence"], one["conversations"], one["availability"]) == ("host-a: same.", 700, 0.98)
    assert one["identity"] == {"since": "2026-05-28T20:26:40.000+00:00", "changed": False, "same_as": []}
    assert [each["segment"] for each in one["segments"]] == ["tag=search", "tools=yes", "tag=pay"]
    assert (other["price"], other["limits"]["quantization"], other["segments"]) == (None, None, [])
    assert other["signals"]["answer_kind"] == {
        "state": "undecided",
        "requests": 1_400,
        "excess": 0.123,
        "low": 0.0801,
        "high": 0.166,
        "tolerance": 0.03,
        "needed": 2_600,
    }


def test_document_of_a_tournament_that_runs_has_no_end():
    assert tournament_document(tournament())["ended"] is None


def test_figures_of_a_candidate_are_those_of_its_answered_pairs():
    rows = [
        *arm(n=40, first_token=0.25, tokens=(600, 400, 0, 0, 9, 0, 0)),
        row(100, first_token=None, seconds=None),
        row(101, status=400, first_token=9.0, seconds=9.0, excluded=("provider_failed",), payoffs={}),
        row(102, status=None, first_token=9.0, seconds=9.0, excluded=("provider_failed",), payoffs={}),
        row(103, failure="reset", first_token=9.0, seconds=9.0, excluded=("provider_failed",), payoffs={}),
    ]
    one = shown(figures(rows, costs={"host-a": costs(0.002)}, largest={("host-a", "kimi"): 9_000}))["host-a"]
    assert (one.first_token, one.seconds, one.requests, one.conversations) == (0.25, 2.0, 41, 41)
    assert one.availability == pytest.approx(1 - 3 / 44)
    assert (one.first, one.last) == (BEGUN, BEGUN + 6_000)
    assert (one.price.requests, one.price.cached, one.limits.largest_prompt) == (1_400, 0.4, 9_000)
    assert one.price.per_thousand == pytest.approx(2.6, abs=0.01)
    assert (one.name, one.model, one.label) == ("host-a", "kimi", "host-a")


def test_nothing_is_known_of_a_candidate_without_a_pair():
    one = shown(figures(arm("host-a", 40)))["host-c"]
    assert (one.requests, one.conversations, one.needed, one.claim) == (0, 0, None, None)
    assert (one.first_token, one.seconds, one.availability, one.price) == (None, None, None, None)
    found = one.signals["answer_kind"]
    assert (found.state, found.requests, found.excess, found.low, found.high) == (ChoiceVerdict.NOT_MEASURED, 0, None, None, None)
    assert (one.limits.quantization, one.limits.context, one.limits.largest_prompt) == ("", None, None)


def test_figures_of_a_signal_are_those_of_its_pairs():
    found = shown(figures(arm(n=200, floor=0, excess=0.1)))["host-a"].signals["answer_kind"]
    assert (found.signal, found.requests, found.tolerance) == ("answer_kind", 200, 0.03)
    assert found.low < found.excess < found.high
    assert found.excess == pytest.approx(0.1, abs=0.05)


@pytest.mark.parametrize(
    ("excess", "n", "state"),
    [(1.0, 60, ChoiceVerdict.WORSE), (0.0, 400, ChoiceVerdict.SAME), (0.0, 40, ChoiceVerdict.UNDECIDED)],
)
def test_the_state_of_a_signal_is_what_its_evidence_shows(excess, n, state):
    assert shown(figures(arm(n=n, floor=0, excess=excess)))["host-a"].signals["answer_kind"].state is state


def test_a_signal_with_a_difference_that_is_not_yet_sized_differs():
    rows = [row(place, payoff=int(place % 30 == 29)) for place in range(2_000)]
    assert shown(figures(rows))["host-a"].signals["answer_kind"].state is ChoiceVerdict.DIFFERS


@pytest.mark.parametrize(("place", "since", "is_changed"), [(20, BEGUN + 1_200, True), (0, BEGUN, False)])
def test_an_identity_is_counted_since_its_change(place, since, is_changed):
    one = shown(figures(arm(n=40), changes=[changed(place)]))["host-a"]
    assert (one.identity.since, one.identity.changed, one.requests) == (since, is_changed, 20 if is_changed else 40)


def test_the_same_identity_counts_for_candidates_with_the_same_model_alone():
    known = {("host-a", "kimi"): "x", ("host-b", "kimi"): "x", ("host-c", "other"): "x", ("live", "kimi"): "x"}
    found = shown(figures(arm("host-a", 40), arm("host-b", 40), identities=known))
    assert [found[name].identity.same_as for name in ("host-a", "host-b", "host-c")] == [("host-b",), ("host-a",), ()]


def test_providers_that_serve_stand_by_name_with_the_times_of_their_answers():
    live = {"n": 4, "role": "primary"}
    failed = row(90, "near", role="primary", status=500, seconds=90.0, first_token=90.0)
    found = figures(arm("near", seconds=4.0, **live), arm("far", **live), [failed], live_costs={"near": costs(0.001)})
    assert [(one.name, one.seconds, one.first_token, one.price is None) for one in found.live] == [
        ("far", 2.0, 0.5, True),
        ("near", 4.0, 0.5, False),
    ]


@pytest.mark.parametrize(("context", "shown_as"), [(0, None), (131_072, 131_072)])
def test_a_context_that_is_not_declared_is_not_known(context, shown_as):
    served = [{"model": "*", "context": context} if context else {"model": "*", "quantization": "fp8"}]
    provider = Provider.model_validate({"base_url": "https://a.example.com", "served": served})
    assert shown(figures(arm(n=40), providers={"host-a": provider}))["host-a"].limits.context == shown_as


def test_a_tournament_shows_what_was_fixed_at_its_start():
    found = figures(arm(n=40), configured=("Something changed.",))
    assert (found.route, found.reference, found.begun, found.ended) == ("agents", "maker", BEGUN, 0.0)
    assert (found.half, found.nine_of_ten, found.money, found.spent, found.unpriced) == (1_700, 3_600, 0.0, None, 0)
    assert (found.terms, found.notes) == (RECORD.terms, ("Something changed.",))


@pytest.mark.parametrize("other", [{"route": "chat"}, {"reference": "other"}, {"upstream": "near"}, {"model": "other"}])
def test_a_drift_alarm_of_another_group_is_no_reason(other):
    group = PairGroup(**{"route": "agents", "model": "kimi", "provider": "host-a", "reference": "maker", **other})
    alarm = AlarmRow(at=BEGUN, pair_id="p", group=group, old="ok", new="drift", name="x", details="{}")
    assert "drift alarm" not in shown(figures(arm(n=40), alarms=[alarm]))["host-a"].sentence


@pytest.mark.parametrize(("states", "stands"), [(("drift",), True), (("ok", "drift"), False), (("drift", "ok"), True)])
def test_the_newest_alarm_of_a_candidate_counts(states, stands):
    group = PairGroup(route="agents", model="kimi", provider="host-a", reference="maker")
    alarms = [AlarmRow(at=BEGUN, pair_id="p", group=group, old="x", new=state, name="x", details="{}") for state in states]
    assert ("drift alarm" in shown(figures(arm(n=40), alarms=alarms))["host-a"].sentence) is stands


def test_terminal_ends_with_what_is_declared_where_no_provider_serves():
    lines = tournament_text(tournament(SAME), width=120, color=False).split("\n")
    words = "host-a declares fp8, declares a context of 131,072 tokens, accepted prompts of up to 9,000 tokens."
    assert lines[-2:] == ["", words]
