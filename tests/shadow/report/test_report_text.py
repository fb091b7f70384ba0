"""The report as text: verdicts first, 100 columns, nothing that drives the screen."""

import re
from dataclasses import replace

import pytest
from rich.table import Table
from rich.text import Text

from shadow.report.build_report import as_text, build
from shadow.report.figures import IncomparableReason, MissingSignal
from shadow.report.report_text import _chance, _detectable, moment, printed
from storage.rows import IdentityRow
from tests.conformance import exchange_record
from tests.records import NOW, add_live, add_pair, fill


@pytest.fixture
def text(store):
    fill(store)
    return as_text(build(store, 0.0, NOW + 60))


@pytest.mark.slow
def test_each_provider_has_its_verdict_in_the_first_lines(text):
    head = "\n".join(text.split("\n")[:14])
    for line in (
        "✗  garbler   differs from its reference more than the reference differs from itself",
        "✗  squeezer  gives faulty answers more often than its reference",
        "?  newcomer  undecided: too few pairs",
        "…  loner     waiting: no pair yet",
        "✓  faithful  ",
    ):
        assert line in head


@pytest.mark.slow
def test_no_line_is_longer_than_the_page(text):
    assert max(len(line) for line in text.split("\n")) <= 100


@pytest.mark.slow
@pytest.mark.parametrize("part", ["signals", "checks", "latency", "not compared"])
def test_the_text_report_has_every_part(text, part):
    assert f"\n{part}  " in text


@pytest.mark.slow
def test_colour_appears_only_on_request(store, text):
    assert "\x1b" not in text
    assert "\x1b[" in as_text(build(store, 0.0, NOW + 60), color=True)


def test_a_hostile_model_name_is_shown_and_not_obeyed(store):
    add_pair(store, "p", "Hello", "Hello", model="evil\x1b[2J[red]")
    add_live(store, "p", model="other")
    assert store.flush(20)
    text = as_text(build(store, 0.0, NOW + 60))
    assert "\x1b" not in text
    assert "evil[ESC][2J[red]" in text


def test_moments_in_the_report_are_in_utc():
    assert moment(0.0) == "1970-01-01 00:00:00"


@pytest.mark.slow
def test_a_brief_report_has_the_verdicts_and_leaves_the_long_tables_out(store, text):
    brief = as_text(build(store, 0.0, NOW + 60), brief=True)
    assert brief.split("\nchecks")[0] == text.split("\nsignals")[0]
    assert "\nchecks  " in brief
    for part in ("signals", "not compared"):
        assert f"\n{part}  " not in brief


def missing(signal, pairs, of, state="not_measured"):
    return MissingSignal(signal=signal, state=state, pairs=pairs, of=of)


@pytest.mark.parametrize(
    ("second", "shared", "own"),
    [
        ((missing("seed", 3, 3),), 1, 0),
        ((missing("seed", 2, 3),), 0, 2),
        ((missing("seed", 3, 3, "not_comparable"),), 0, 2),
        ((missing("text", 3, 3),), 0, 1),
    ],
)
def test_signal_that_no_pair_of_any_provider_shows_stands_once(store, second, shared, own):
    add_pair(store, "p", "Hello", "Hello")
    assert store.flush(20)
    report = build(store, 0.0, NOW + 60)
    card = report.cards[0]
    cards = (replace(card, gaps=(missing("seed", 2, 2),)), replace(card, provider="q", gaps=second))
    table = " ".join(as_text(replace(report, cards=cards)).partition("\nnot compared  ")[2].split())
    assert table.count("every provider all not measured: seed") == shared
    assert table.count("seed") == shared + own


def test_signal_that_one_provider_alone_never_shows_stands_beside_it(store):
    add_pair(store, "p", "Hello", "Hello")
    assert store.flush(20)
    assert "every provider" not in as_text(build(store, 0.0, NOW + 60))


def test_uncompared_pairs_are_in_the_heading_with_cause_count_and_remedy(store):
    for number in range(6):
        add_pair(store, "p", "Hello", f"Hello {number}", status=429 if number % 2 else 200)
    assert store.flush(20)
    text = " ".join(as_text(build(store, 0.0, NOW + 60)).split())
    assert "6 requests, 3 failed, 3 compared with a reference of 6 sent to one" in text
    assert (
        "not compared: p: the provider refused with 429 (rate limit) in 3 of 6 pairs; lower the sample or raise its rate limit"
        in text
    )


def test_a_change_of_identity_in_the_period_is_noted_with_its_verdict(store):
    add_pair(store, "p", "Hello", "Hello", model="m")
    for number, previous in enumerate(("", "0a1b2c3d4e5f")):
        row = IdentityRow(
            exchange_id=f"e{number}",
            started=NOW + number,
            provider="p",
            model="m",
            identity=f"{number}a1b2c3d4e5f",
            previous=previous,
            changes="[]",
            facts="{}",
        )
        store.add_exchange(exchange_record(f"e{number}")._replace(identities=(row,)))
    assert store.flush(20)
    assert "note: its serving identity changed at 2023-11-14 22:13:21 UTC" in as_text(build(store, NOW - 1, NOW + 60))


@pytest.mark.parametrize(("reasons", "shown"), [(5, 5), (6, 5)])
def test_a_card_shows_its_five_most_frequent_reasons_in_their_own_words(store, reasons, shown):
    add_pair(store, "p", "Hello", "Hello")
    assert store.flush(20)
    report = build(store, 0.0, NOW + 60)
    found = tuple(IncomparableReason(reason=f"why {number}", pairs=10 + number) for number in range(reasons))
    text = as_text(replace(report, cards=(replace(report.cards[0], reasons=found),)))
    assert text.count("reason: why") == shown
    assert f"reason: why {reasons - 1}" in text


@pytest.mark.slow
def test_signal_names_are_readable_from_80_columns_on_and_p_from_100(store):
    fill(store)
    report = build(store, 0.0, NOW + 60)
    for width, wide in ((80, False), (99, False), (100, True)):
        table = as_text(report, width=width).partition("\nsignals  ")[2].partition("\nchecks  ")[0]
        assert "\n  invalid tool" in table or "\n  tool" in table, table
        assert bool(re.search(r" p +detectable", table)) is wide
        assert max(map(len, table.split("\n"))) <= width


@pytest.mark.parametrize(
    ("smallest", "text"), [(None, "-"), (0.0999, "10.0"), (0.1, "10"), (0.104, "10"), (0.106, "11"), (0.034, "3.4"), (1.0, "100")]
)
def test_a_detectable_excess_has_one_decimal_below_ten_points(smallest, text):
    assert _detectable(smallest) == text


@pytest.mark.parametrize(("p", "text"), [(None, "-"), (0.0009, "<0.001"), (0.001, "0.001"), (0.0456, "0.046"), (1.0, "1.000")])
def test_a_chance_has_three_decimals_and_a_least_value(p, text):
    assert _chance(p) == text


@pytest.mark.parametrize("color", [False, True])
def test_a_part_that_holds_controls_is_printed_with_their_names(color: bool):
    table = Table("provider\x1b]0;title\x07")
    table.add_row(Text("name\x1b[2J", style="red"))
    text = printed([Text("a\x9bb\u202ec"), "plain \x1b[31m text", table], width=100, color=color)
    assert "\x1b]" not in text
    assert "\x1b[2J" not in text
    assert "a[U+009B]b[U+202E]c" in text
    assert "[ESC]" in text
    assert ("\x1b" in text) is color
