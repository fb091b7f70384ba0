"""Numbers in the documentation: each sentence with one stands here with the code that it comes from, or with why it has none.

`FIGURES` are sentences as the pages have them, their numbers computed from defaults, thresholds and formulas; `ELSEWHERE` are
those of other tests and of measurements that stand on another page. What is left of the pages after these has no digit in it, so
that a number which is added comes here too.
"""

import re
import tomllib
from pathlib import Path

import pytest

from proxy.content_coding import LOOKED_AT
from proxy.provider_config import Limits, Timeouts
from shadow.drift.admission import DAY, PER_CONVERSATION
from shadow.drift.alarm_budget import AlertBudget
from shadow.drift.attribution import MOST_REQUESTS, MOST_SECONDS
from shadow.drift.detectable_effect import smallest_seen
from shadow.drift.excess_estimates import BREAKDOWN, TOLERANCE
from shadow.drift.planner import HALF, pairs_to_find
from shadow.reading import media_hashes
from shadow.report.drift_lines import MAX_ABORTED
from shadow.report.signal_names import CHECK_IDS
from shadow.sampling import conversations
from shadow.settings.top_level_config import DriftConfig, ShadowConfig
from storage.sqlite.installation_secret import SIZE
from tests.test_power_page import POINTS

ROOT = Path(__file__).resolve().parent.parent
PYTHON = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["requires-python"].removeprefix(">=")
RATE = ShadowConfig().sample_rate
SIZES = {pairs: cells[4] for pairs, cells in POINTS}
"""Points that a report shows with so many pairs at a floor of a tenth, by the table of power.md, which its own test holds."""


def least(pairs: int) -> str:
    found = 100 * smallest_seen(conversations=[(1, 0)] * pairs, rows=14)
    return f"{found:.0f}" if found > 5 else f"{found:.1f}"


def matching(floor: float) -> int:
    """Pairs whose interval lies under the tolerance with a chance of .8: (1.96 + 0.84)^2 times the variance over its square."""
    return round((1.96 + 0.84) ** 2 * floor / TOLERANCE**2, -1)


def pairs(points: float, digits: int) -> str:
    budget = AlertBudget(threshold=DriftConfig().pairs_per_false_alarm)
    return f"{round(pairs_to_find(points / 100, 0.1, budget, share=HALF), digits):,.0f}"


FIGURES: dict[str, tuple[str, ...]] = {
    "README.md": (
        f"Python {PYTHON} or newer",
        f"{len(CHECK_IDS)} faults that one answer shows alone",
        f"{RATE * 100:.0f} % of conversations are shadowed by default",
        (
            f"62 pairs that all agree show a difference of {least(62)} points in four of five reports,"
            f" 200 one of {least(200)}, 1,000 one of {least(1_000)}"
        ),
    ),
    "docs/how-to/real-providers.md": (
        f"With the default of {RATE * 100:.0f} % of conversations, expect about {RATE * 1.202 * 100:.0f} % more calls",
        "about 1.2 reference calls each",
        (
            f"200 pairs show a difference of {SIZES[200]} points in four of five reports, 1,000 one of {SIZES[1_000]}"
            f" and 3,000 one of {SIZES[3_000]}"
        ),
        f"about {pairs(10, -1)} pairs for ten points and {pairs(3, -2)} for three in half of the cases",
    ),
    "docs/how-to/docker.md": (f"(`proxy.timeouts.grace`, {Timeouts().grace:.0f} s)",),
    "docs/how-to/retention.md": (
        f"`proxy.limits.audit_body` bytes ({Limits().audit_body / 1024**2:.0f} MiB) are kept",
        f"shorter than {media_hashes.SHORTEST} characters",
    ),
    "docs/explanation/noise-floor.md": (
        f"an excess of {BREAKDOWN * 100:.0f} points or less would have been seen",
        f"even {BREAKDOWN * 100:.0f} points would probably not have been seen",
        (
            f"about {matching(0.1):,.0f} pairs where the reference differs from itself in a tenth of them,"
            f" and about {matching(0.235):,.0f} where it does in a quarter"
        ),
    ),
    "docs/explanation/how-it-works.md": (
        f"The key is {SIZE} random bytes",
        f"({conversations.MOST:,} of them)",
        f"{Limits().peek_body / 1024**2:.0f} MiB",
        f"the first {LOOKED_AT / 1024:.0f} KiB that it unpacks to",
    ),
    "docs/explanation/drift.md": (
        f"One request counts once in {DAY / 3_600:.0f} hours",
        f"at most {MOST_REQUESTS:,} compared requests of the model, or an hour",
        f"where more than {MAX_ABORTED * 100:.0f} % of a group's requests of the last day ended so",
        f"of at most {1 / 40 * 100:.1f} %",
    ),
}
"""Each as its page has it, line breaks as spaces."""

WORDS: dict[str, tuple[tuple[str, float], ...]] = {
    "docs/explanation/drift.md": (
        ("With the default of ten million pairs per false alarm", DriftConfig().pairs_per_false_alarm / 1e7),
        ("one conversation ten times", PER_CONVERSATION / 10),
        ("or an hour;", MOST_SECONDS / 3_600),
    ),
    "docs/explanation/noise-floor.md": (("the tolerance is three points", TOLERANCE / 0.03),),
    "docs/explanation/how-it-works.md": (
        ("more than ten requests", conversations.SHARED / 10),
        ("for a random tenth", ShadowConfig().control_fraction / 0.1),
    ),
    "docs/how-to/real-providers.md": (("for a random tenth", ShadowConfig().control_fraction / 0.1),),
}
"""Numbers that a page writes out, each with what the code has over it."""

ELSEWHERE = (
    r"https?://[\w.:/]+",
    r"(?m)^\d+\. ",
    r"temperature 0\b|At temperature 0",
    r"\b95 % (interval|confidence)",
    r"\((?:\+1|-1|0)\)|\*\*[+-]?[01]\*\*|\+1 means|share of -1",
    r"HMAC-SHA-256|sha256",
    r"user 10001",  # tests/test_packaging.py
    r"answers 200|is a 404|502 or 504",  # docs/reference/http.md
    r"Since version 2026-10-21",
    r"A limit of 0 is no limit",
    r"150 generated pairs|tiers 0 to 2|100 % of 4,950 findings|at least 90 %|99 % in all",  # test_pseudonymise
    r"RE2",
    r"5,000 open streams need a hard limit above 10,000",  # two descriptors for each
    r"33,000 chunks|7,000 requests of 1 KB|9,000 with an interpreter|800 exchanges of 300 chunks",  # performance.md
    r"reported after 5 s|after 10 s, the audit and its workers after 30 s",  # tests/shadow/settings/test_toml_lines.py
    r"0\.90 of sentences",  # docs/reference/signals-of-pairs.md
)
"""Numbers that are no figures of ours, or are held by another test or page; each with where, where it is not plain."""

WHOLE = (
    *("README.md", "docs/how-to/real-providers.md", "docs/how-to/docker.md", "docs/how-to/retention.md", "docs/how-to/scale.md"),
    *("docs/how-to/several-providers.md", "docs/how-to/read-a-pair.md", "docs/explanation/noise-floor.md"),
    *("docs/explanation/how-it-works.md", "docs/explanation/what-we-cannot-see.md"),
)
"""Pages of which every number is held here."""


def page(name: str) -> str:
    """The prose of a page, line breaks as spaces; the numbers of lists are left out."""
    text = (ROOT / name).read_text(encoding="utf-8")
    text = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    return " ".join(re.sub(r"(?m)^\d+\. ", "", text).split())


@pytest.mark.parametrize(("name", "figure"), [(name, figure) for name, figures in FIGURES.items() for figure in figures])
def test_the_page_has_the_number_that_the_code_gives(name, figure):
    assert figure in page(name)


@pytest.mark.parametrize(("name", "words", "ratio"), [(name, *found) for name, words in WORDS.items() for found in words])
def test_a_number_in_words_is_that_of_the_code(name, words, ratio):
    assert words in page(name)
    assert ratio == pytest.approx(1)


@pytest.mark.parametrize("name", WHOLE)
def test_no_other_number_stands_on_the_page(name):
    text = re.sub(r"\]\([^)]*\)", "]", page(name))
    for figure in FIGURES.get(name, ()):
        text = text.replace(figure, "")
    for pattern in ELSEWHERE:
        text = re.sub(pattern, "", text)
    left = re.sub(r"`[^`]*`", "", text)
    assert re.findall(r".{0,40}\d.{0,40}", left) == []


def test_reference_calls_of_a_pair_are_those_of_the_committed_simulation():
    drift = (ROOT / "docs" / "explanation" / "drift.md").read_text(encoding="utf-8")
    assert "| reference calls per pair, mixed null | 1.202 |" in drift


def test_every_page_of_the_docs_is_listed():
    docs = ROOT / "docs"
    listed = set(re.findall(r"\]\(([\w/.-]+\.md)", (docs / "README.md").read_text(encoding="utf-8")))
    there = {path.relative_to(docs).as_posix() for path in docs.rglob("*.md")} - {"README.md"}
    assert there - listed == set()
