"""Whole pages of one tournament that is made by hand: what a reader of the terminal, of Markdown and of JSON sees."""

import pytest

from shadow.choice.candidate_claims import ChoiceVerdict
from shadow.tournament.tournament_json import tournament_document
from shadow.tournament.tournament_markdown import tournament_markdown
from shadow.tournament.tournament_text import difference, tournament_text
from tests.shadow.tournament.made_figures import DIFFERS, SAME, WAITING, candidate, signal, tournament, whole

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
