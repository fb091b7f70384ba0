"""The tables as a terminal shows them."""

from dataclasses import replace

import pytest
from rich.console import Console

from shadow.report.build_report import as_text
from shadow.report.count_lines import CountLine, CountState
from shadow.report.figures import GreedyLine, IdentityLine, Report, Scorecard, SegmentLine, TemplateLine
from shadow.report.identity_tables import count_table, greedy_table, identity_table, segment_table, template_table
from tests.verdicts import QUIET

WHO = {"provider": "near", "model": "m", "reference": "far"}


@pytest.fixture
def text():
    identity = IdentityLine(
        provider="near",
        model="m",
        identity="0a1b2c3d4e5f",
        since=1_790_000_000.0,
        changes=1,
        latest=("server: b is new",),
        facts={},
        accepted_tokens=900,
    )
    gone = "the tools are gone"
    template = TemplateLine(**WHO, causes=("tools_dropped",), fault=True, samples=50, explained=1.0, sentence=gone)
    quiet = TemplateLine(**WHO, causes=("none",), fault=False, samples=50, explained=1.0, sentence="nothing to tell")
    loud = SegmentLine(**WHO, signal="text", segment="tools", value="yes", differs=15, pairs=30, conversations=2, elsewhere=0.1)
    loud = replace(loud, noise_differs=1, noise_pairs=9, beyond_noise=True)
    greedy = GreedyLine(**WHO, signal="text", differs=3, pairs=8)
    return as_text(
        Report(
            since=0.0,
            until=1.0,
            cards=(),
            latency=(),
            traffic=(),
            identities=(identity,),
            templates=(template, quiet),
            segments=(loud,),
            greedy=(greedy,),
        )
    )


def test_each_table_stands_under_its_title(text):
    for words in (
        ("server identity", "near", "0a1b2c3d4e5f", "2026-09-21 14:13:20", "server: b is", "900 tokens"),
        ("prompt tokens", "the tools are gone"),
        ("segments", "tools: yes", "50 % of 30", "10 %", "11 % of 9"),
        ("greedy", "38 % of 8"),
    ):
        for word in words:
            assert word in text, word


def test_provider_with_too_few_answers_is_reported_as_not_measured():
    new = Scorecard(
        **WHO,
        pairs=0,
        compared=0,
        requests=7,
        verdict=QUIET,
        signals=(),
        checks=(),
        gaps=(),
        reasons=(),
    )
    report = Report(since=0.0, until=1.0, cards=(new, replace(new, provider="unasked", requests=0)), latency=(), traffic=())
    console = Console(width=200)
    with console.capture() as shown:
        console.print(identity_table(report))
    assert "not measured until 20 answers" in shown.get()
    assert "unasked" not in shown.get()


def test_segments_beyond_the_noise_come_first():
    faint = SegmentLine(**WHO, signal="text", segment="tools", value="no", differs=29, pairs=30, conversations=2, elsewhere=0.1)
    marked = replace(faint, value="yes", differs=15, beyond_noise=True)
    table = segment_table(Report(since=0.0, until=1.0, cards=(), latency=(), traffic=(), segments=(faint, marked)))
    assert [row.style for row in table.rows] == ["red", "dim"]


def test_what_is_as_it_should_be_is_not_reported(text):
    assert "nothing to tell" not in text


IDENTITY = IdentityLine(
    provider="near", model="m", identity="0a", since=1_790_000_000.0, changes=0, latest=(), facts={}, accepted_tokens=None
)
TEMPLATE = TemplateLine(**WHO, causes=("tools_dropped",), fault=True, samples=50, explained=1.0, sentence="gone")
LOUD = SegmentLine(**WHO, signal="text", segment="tools", value="yes", differs=15, pairs=30, conversations=2, elsewhere=0.1)
GREEDY = GreedyLine(**WHO, signal="text", differs=3, pairs=8)
COUNTS = CountLine(
    **WHO,
    side="prompt",
    state=CountState.MORE,
    pairs=9,
    of=9,
    since=None,
    requests=9,
    shape="",
    share=None,
    sentence="counts more",
)
TABLES = {
    "identities": (identity_table, IDENTITY),
    "templates": (template_table, TEMPLATE),
    "token_counts": (count_table, COUNTS),
    "segments": (segment_table, LOUD),
    "greedy": (greedy_table, GREEDY),
}


def table_of(name, *lines):
    return TABLES[name][0](Report(**{"since": 0.0, "until": 1.0, "cards": (), "latency": (), "traffic": (), name: lines}))


def cells(table):
    return [list(column.cells) for column in table.columns]


@pytest.mark.parametrize("name", TABLES)
def test_each_table_has_twenty_rows_at_most(name):
    line = TABLES[name][1]
    assert [table_of(name, *[line] * count).row_count for count in (0, 1, 20, 21)] == [0, 1, 20, 20]


@pytest.mark.parametrize(
    ("accepted", "refused", "shown"),
    [
        (None, None, "-"),
        (0, None, "0 tokens"),
        (900, None, "900 tokens"),
        (900, 4_000, "900 tokens; refused from 4000 bytes"),
        (None, 4_000, "-; refused from 4000 bytes"),
    ],
)
def test_the_largest_prompt_stands_beside_what_was_refused(accepted, refused, shown):
    assert cells(table_of("identities", replace(IDENTITY, accepted_tokens=accepted, refused_bytes=refused)))[5] == [shown]


def test_three_changes_of_an_identity_are_shown_and_it_is_red():
    table = table_of("identities", replace(IDENTITY, changes=4, latest=("a", "b", "c", "d")), IDENTITY)
    assert (cells(table)[6], cells(table)[4]) == (["a; b; c", ""], ["4", "0"])
    assert [row.style for row in table.rows] == ["red", ""]


def test_a_provider_is_not_measured_only_where_no_identity_of_its_model_is_known():
    new = Scorecard(**WHO, pairs=0, compared=0, requests=7, verdict=QUIET, signals=(), checks=(), gaps=(), reasons=())
    cards = (new, *(replace(new, model=f"m{number}") for number in range(21)))
    table = identity_table(
        Report(since=0.0, until=1.0, cards=cards, latency=(), traffic=(), identities=(replace(IDENTITY, model="m0"),))
    )
    assert (table.row_count, cells(table)[1][:3]) == (1 + 20, ["m0", "m", "m1"])


@pytest.mark.parametrize(("causes", "shown"), [(("none",), 0), (("too_few",), 0), (("none", "tools_dropped"), 1)])
def test_a_template_without_a_cause_is_not_shown(causes, shown):
    assert table_of("templates", replace(TEMPLATE, causes=causes)).row_count == shown


def test_a_cause_that_is_no_fault_is_not_red():
    assert [row.style for row in table_of("templates", TEMPLATE, replace(TEMPLATE, fault=False)).rows] == ["red", ""]


def test_counts_of_more_tokens_come_first():
    table = table_of("token_counts", replace(COUNTS, state=CountState.NONE_SEEN, sentence="none"), COUNTS)
    assert (cells(table)[2], [row.style for row in table.rows]) == (["counts more", "none"], ["yellow", "dim"])


def test_segments_have_the_larger_share_first_and_a_dash_without_a_control():
    high = replace(LOUD, value="no", differs=24, noise_differs=1, noise_pairs=10)
    table = table_of("segments", LOUD, high)
    assert cells(table)[2:6] == [["tools: no", "tools: yes"], ["80 % of 30", "50 % of 30"], ["10 % of 10", "-"], ["10 %", "10 %"]]


def test_greedy_pairs_without_a_difference_are_left_out():
    assert table_of("greedy", replace(GREEDY, differs=0), replace(GREEDY, differs=1)).row_count == 1
