"""The tables as a terminal shows them."""

import pytest

from shadow.views.figures import GreedyLine, IdentityLine, Report, SegmentLine, TemplateLine
from shadow.views.report import as_text

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
        ("served by", "near", "0a1b2c3d4e5f", "2026-09-21 14:13:20", "server: b is", "900 tokens"),
        ("prompts", "the tools are gone"),
        ("segments", "tools: yes", "50 % of 30", "10 %"),
        ("greedy", "38 % of 8"),
    ):
        for word in words:
            assert word in text, word


def test_what_is_as_it_should_be_is_not_told(text):
    assert "nothing to tell" not in text
