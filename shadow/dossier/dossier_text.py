"""The README.md of a dossier: the verdict with its sizes, how it was measured, what was not, and how to check it."""

from __future__ import annotations

from collections.abc import Iterator

from shadow.drift.admission import EXCLUDED
from shadow.drift.detectable_effect import ALPHA, ENOUGH_COUNTS
from shadow.drift.drift_signals import AGREEMENT
from shadow.drift.excess_estimates import TOLERANCE
from shadow.drift.exclusions import Exclusion
from shadow.presentation.safe_text import markdown
from shadow.report.figures import Report
from shadow.report.report_markdown import as_markdown
from shadow.verdict.phrases import moment

_PAYOFF = (
    "A sample of the application's own requests was also sent to a reference that serves the same model, part of them twice. "
    "In each pair and signal, the payoff is +1 where the provider is the odd one (the reference agrees with itself, the provider "
    "differs), -1 where the reference is, and 0 otherwise. The excess is the mean payoff: how much more often the provider "
    "differs than the reference differs from itself."
)
_INTERVAL = (
    "Its 95 % interval is excess ± t(0.975, G - 1) · s over G conversations, with s² = G/(G-1) · Σu²/n² + 1/n², u the sum of a "
    "conversation's deviations from the mean and n the number of pairs. A signal differs where the test of flipped "
    f"conversations, corrected by Holm over all rows of the report, is at most {ALPHA}, at least {ENOUGH_COUNTS} pairs have an "
    f"odd side, and the excess is beyond the tolerance of {TOLERANCE * 100:.0f} points. A pair whose `counts` is not empty is "
    f"left out for that reason: {', '.join(sorted(EXCLUDED))}, and for the signals of agreement ({', '.join(sorted(AGREEMENT))}) "
    f"{Exclusion.CACHING_REFERENCE}."
)
_LIMITS = (
    "It shows that two servers differ, never why. What was not measured is listed above and counts as no evidence for either "
    "side. The drift state was judged pair by pair when the traffic came; it cannot be recomputed from these files."
)
METHOD = (_PAYOFF, _INTERVAL, _LIMITS)
_FILES = """\
| file | holds |
|---|---|
| `verdict.json` | the figures above, in the form of `sameweights report --json` |
| `records.json` | counts of the period: requests, checks, reasons, drift states; of other providers numbers without a name |
| `pairs.jsonl` | every compared request: when, which conversation (a number), the payoff of each signal, and its states |
| `evidence.jsonl` | {evidence} |
| `requests.jsonl` | {requests} |
| `chain.txt` | the digest of each file and a chain over them: link = sha256(previous link + sha256 + name) |"""


def dossier_text(provider: str, report: Report, *, version: str, telling: int, requests: int, with_text: bool) -> str:
    """The document."""
    lines = _lines(provider, report, version=version, telling=telling, requests=requests, with_text=with_text)
    return "\n".join(lines) + "\n"


def _lines(provider: str, report: Report, *, version: str, telling: int, requests: int, with_text: bool) -> Iterator[str]:
    yield f"# Dossier about {markdown(provider)}"
    yield ""
    yield f"Made by sameweights {version} from recorded traffic up to {moment(report.until)} UTC."
    yield ""
    yield as_markdown(report).rstrip()
    yield ""
    yield "## Method"
    yield ""
    for paragraph in METHOD:
        yield paragraph
        yield ""
    yield "## Check it"
    yield ""
    yield "```sh"
    yield "sameweights report --from .                # the digests, and the figures computed again from pairs.jsonl"
    if requests:
        count = _number(requests, "request")
        yield f"sameweights replay requests.jsonl --plan   # {count}, to any provider and reference of your own"
    yield "```"
    yield ""
    yield _FILES.format(evidence=_evidence(telling, with_text=with_text), requests=_requests(requests, with_text=with_text))
    yield ""
    yield (
        "It holds recorded prompts and answers: read it before it is sent on."
        if with_text
        else "It was written without text: it holds no text of a request or answer."
    )


def _evidence(telling: int, *, with_text: bool) -> str:
    """What the file of the pairs that show the most holds."""
    if not telling:
        return "empty: no pair is evidence"
    held = "with request and answers as far as they were kept" if with_text else "the signals that differ, without text"
    return f"the {_number(telling, 'pair')} that show{'s' * (telling == 1)} the most: {held}"


def _requests(requests: int, *, with_text: bool) -> str:
    """What the file of the requests holds."""
    if requests:
        return f"{_number(requests, 'request')} of this dossier as chat bodies, a set that can be sent again"
    return "empty: no chat request was kept as it was sent" if with_text else "empty: a request is text"


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' * (count != 1)}"
