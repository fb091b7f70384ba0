"""The dashboard *Choose*: the live provider and its candidates: difference, money, speed, failures, and how much is known."""

from __future__ import annotations

from panels import SHOWN_STATE, WHO, Board, Column, Panel, q, thousand

SERVING = '<leg>, role=~"primary|candidate"'
RATE = "sum by (provider, model) (rate({}[$__rate_interval]))"
THOUSAND = thousand("provider, model", SERVING)
"""Live or as a candidate."""
REQUESTS = RATE.format(f"sameweights_requests_total{{{SERVING}}}")
WITHOUT = RATE.format(f'sameweights_requests_total{{{SERVING}, code!="2xx"}}')
FAILED = f"({WITHOUT} or 0 * {REQUESTS}) / ({REQUESTS} > 0)"
FIRST_TOKEN = (
    "histogram_quantile(0.5, sum by (le, provider, model) "
    f"(rate(sameweights_time_to_first_token_seconds_bucket{{{SERVING}}}[$__rate_interval])))"
)
SURE = "(sameweights:drift_excess:ratio1d{<sum>} and sameweights:drift_z:1d{<sum>} > 3.5)"
WORST = f"topk by (provider, model) (1, max by (provider, model, signal) ({SURE}))"
"""The signal with the largest excess that is no chance."""

CHOOSE = Board(
    uid="sameweights-choose",
    title="sameweights / Choose",
    text="The live provider and its candidates side by side: difference, money, speed, failures, and how much is known of each.",
    rows=(
        (
            "Which may be used",
            (
                Panel(
                    title="By provider and model",
                    text="State by the audit's sequential test; the signal with the largest excess over a day beyond chance; "
                    "pairs of that day; money of a thousand answered requests, of those with a known cost; median time to the "
                    "first token; share of requests without a whole answer; tokens over the reference's for the same words. "
                    "`no difference seen` is not `the same`: `sameweights choose` states who is proven the same within your "
                    "tolerance, and how many requests are missing. Click a provider for its page.",
                    unit="none",
                    kind="table",
                    width=24,
                    height=9,
                    none="-",
                    queries=(
                        q(SHOWN_STATE),
                        q(WORST),
                        q("max by (provider, model) (sameweights:drift_pairs:increase1d{<sum>})"),
                        q(THOUSAND),
                        q(FIRST_TOKEN),
                        q(FAILED),
                        q('max by (provider, model) (sameweights_token_count_ratio{<leg>, side="prompt"})'),
                    ),
                    columns=(
                        Column(name="state", states=True),
                        Column(name="excess", unit="percentunit", steps=((0.0, "orange"), (0.02, "red"))),
                        Column(name="pairs", unit="locale", decimals=0),
                        Column(name="a thousand", decimals=2),
                        Column(name="first token", unit="s"),
                        Column(name="failed", unit="percentunit", steps=((0.01, "orange"), (0.1, "red"))),
                        Column(name="prompt tokens", unit="suffix:x", decimals=3, steps=((1.005, "orange"),)),
                    ),
                    order=(
                        *("provider", "model", "state", "signal", "excess", "pairs", "a thousand", "first token", "failed"),
                        "prompt tokens",
                    ),
                ),
            ),
        ),
        (
            "What they cost, and how they answer",
            (
                Panel(
                    title="Money of a thousand requests",
                    text="Of answered requests, by each provider's own counts and prices; no line without a price. A candidate's "
                    "prompt cache is cold, so it may cost less once it serves. Of those proven the same, the cheapest is the "
                    "lowest line here.",
                    unit="none",
                    queries=(q(THOUSAND, WHO),),
                ),
                Panel(
                    title="Time to the first token",
                    text="Median of streams. Candidates get their copies while the live answer is under way, so all see the same "
                    "hours; speed is not part of the difference.",
                    unit="s",
                    queries=(q(FIRST_TOKEN, WHO),),
                ),
                Panel(
                    title="Requests without a whole answer",
                    text="Failures and statuses other than 2xx, a rate limit too. Over a tenth for a candidate: its pairs are a "
                    "selection, and `sameweights choose` states not yet known.",
                    unit="percentunit",
                    line=0.1,
                    top=1,
                    queries=(q(FAILED, WHO),),
                ),
                Panel(
                    title="Pairs that counted, an hour",
                    text="How fast what is known grows: the signal of each provider with the most pairs. Flat at 0: nothing is "
                    "compared, and Audit health has the reason.",
                    unit="short",
                    queries=(q("max by (provider, model) (sameweights:drift_pairs:increase1h{<sum>})", WHO),),
                ),
            ),
        ),
    ),
)
