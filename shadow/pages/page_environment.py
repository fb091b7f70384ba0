"""environment(): the template engine of the pages, which escapes all text and shows invisible characters by name."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from shadow.findings.finding import FindingState
from shadow.findings.number_words import number_of
from shadow.presentation import visible_text
from shadow.report.verdict_rows import MARKS
from shadow.verdict.phrases import moment, named, percent
from shadow.verdict.verdict_value import VerdictWord

SYMBOLS = {
    FindingState.MATCH.value: ("✓", "match"),
    FindingState.DIFFER.value: ("≠", "differ"),
    FindingState.NOT_COMPARABLE.value: ("⊘", "not comparable"),
    FindingState.NOT_MEASURED.value: ("?", "not measured"),
}
CLASSES = {
    VerdictWord.DIFFERS: "differ",
    VerdictWord.FAULTY: "differ",
    VerdictWord.SUSPECT: "neither",
    VerdictWord.UNDECIDED: "not_measured",
    VerdictWord.NONE_SEEN: "match",
    VerdictWord.NOT_MEASURED: "not_measured",
    VerdictWord.WAITING: "not_measured",
}
"""The CSS class of each verdict; its mark and its words are those of every face."""
MISSING = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"


def environment() -> Environment:
    """The template environment; `when` shows a moment, `points` and `percent` a share, `signal` the name of a signal."""
    made = Environment(
        loader=PackageLoader("shadow.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalize,
    )
    made.filters |= {"visible": _visible, "utc": moment, "words": lambda label: str(label).replace("_", " ")}
    made.filters["segment"] = lambda text: quote(str(text), safe="")
    made.filters |= {"signal": named, "percent": percent, "points": points, "when": when, "count": _count}
    made.globals |= {"symbols": SYMBOLS, "marks": MARKS, "classes": CLASSES, "number_of": number_of}
    return made


def when(seconds: float, form: str = "minute") -> Markup:
    """A moment in UTC as a `time` element, which the script of the pages turns into local time; `form`: minute or second."""
    at = datetime.fromtimestamp(seconds, UTC)
    text = f"{at.day} {at:%b %H:%M:%S}" if form == "second" else f"{at.day} {at:%b %H:%M}"
    return Markup('<time datetime="{}" title="{} UTC" data-form="{}">{} UTC</time>').format(
        at.isoformat(timespec="seconds"), moment(seconds), form, text
    )


def points(share: float | None) -> str:
    """A signed share in points, a dash for none."""
    if share is None:
        return MISSING
    number = round(share * 100)
    return "0" if number == 0 else f"{number:+d}".replace("-", MINUS)


def _count(number: int) -> str:
    return f"{number:,}"


def _finalize(value: object) -> object:
    return visible_text.plain(value) if type(value) is str else value


def _visible(text: str) -> Markup:
    """The text escaped, each invisible character as a small tag with its name."""
    runs = (Markup('<span class="odd">{}</span>').format(run) if odd else escape(run) for odd, run in visible_text.pieces(text))
    return Markup("").join(runs)
