"""The dashboard *Overview*: the verdict on each provider and model, what changed, and since when."""

from __future__ import annotations

from panels import WHO, Board, Panel, q

VERDICT = "max by (provider, model, reference) (sameweights:drift_{}{{<sum>}})"
TEST = "max by (provider, model, reference, signal, direction) (sameweights_drift_{}{{<leg>}})"
BEYOND_CHANCE = (
    "max by ({1}) (sameweights:drift_excess:ratio{0}{{<sum>}} and sameweights:drift_z:{0}{{<sum>}} > 3.5)"
    " or max by ({1}) (0 * (sameweights:drift_pairs:increase{0}{{<sum>}} > 0))"
)
"""A few pairs that part are no share worth drawing; 0 where nothing is surer, and no value where nothing was compared."""

OVERVIEW = Board(
    uid="sameweights-overview",
    title="sameweights / Overview",
    text="Does each provider serve what its reference serves? The verdict, what changed, and since when.",
    rows=(
        (
            "Now",
            (
                Panel(
                    title="Providers that drift",
                    text="Pairs of provider and model for which an alert of drift fires now. No value means that nothing was "
                    "compared within the hour, which is not the same as 0: look at Audit health. Above 0: open Divergence, "
                    "then the pairs.",
                    unit="short",
                    kind="stat",
                    width=4,
                    height=4,
                    line=1,
                    queries=(
                        q(
                            "count(count by (provider, model) "
                            '(ALERTS{<sum>, alertname=~"SameweightsDrift|SameweightsDriftProven", alertstate="firing"}))'
                            " or 0 * count(sameweights:drift_pairs:increase1h{<sum>} > 0)"
                        ),
                    ),
                ),
                Panel(
                    title="Providers compared",
                    text="Pairs of provider and model with at least one evaluated pair in the last hour. Fewer than you route "
                    "to: see the skips by reason in Audit health.",
                    unit="short",
                    kind="stat",
                    width=4,
                    height=4,
                    queries=(q("count(count by (provider, model) (sameweights:drift_pairs:increase1h{<sum>} > 0))"),),
                ),
                Panel(
                    title="Pairs in the last hour",
                    text="Evaluated pairs. At a few a minute, small drifts take days to prove: raise shadow.sample_rate to see"
                    " sooner.",
                    unit="short",
                    kind="stat",
                    width=4,
                    height=4,
                    queries=(q("sum(max by (provider, model) (sameweights:drift_pairs:increase1h{<sum>}))"),),
                ),
                Panel(
                    title="Broken answers in the last hour",
                    text="Answers that fail a check which needs no reference. Above 0: Divergence names the check, and each is"
                    " a fault to report to the provider.",
                    unit="short",
                    kind="stat",
                    width=4,
                    height=4,
                    line=1,
                    queries=(q("sum(sameweights:checks_failed:increase1h{<sum>})"),),
                ),
                Panel(
                    title="Live requests",
                    text="What the application sends through the proxy. Without traffic there is nothing to compare.",
                    unit="reqps",
                    kind="stat",
                    width=4,
                    height=4,
                    queries=(q('sum(rate(sameweights_requests_total{<leg>, role="primary"}[$__rate_interval]))'),),
                ),
                Panel(
                    title="Instances up",
                    text="Proxies that Prometheus reaches. Fewer than you run: everything here is incomplete.",
                    unit="short",
                    kind="stat",
                    width=4,
                    height=4,
                    queries=(q("sum(up{<own>})"),),
                ),
            ),
        ),
        (
            "Verdict",
            (
                Panel(
                    title="By provider and model, over a day",
                    text="Excess is the share of pairs in which the provider is the odd one, beyond what the reference's own "
                    "noise explains, of the worst signal that is no chance (z over 3.5), else 0; z is how sure the surest signal "
                    "is (5 is the bar of the alert); noise is that of `answer_kind`. A row that is missing was not compared. "
                    "Click a provider for its pairs.",
                    unit="percentunit",
                    kind="table",
                    width=24,
                    height=7,
                    queries=(
                        q(BEYOND_CHANCE.format("1d", "provider, model, reference")),
                        q(VERDICT.format("z:1d")),
                        q('max by (provider, model, reference) (sameweights:drift_noise:ratio1d{<sum>, signal="answer_kind"})'),
                        q(VERDICT.format("pairs:increase1d")),
                    ),
                    columns=("excess", "z", "noise", "pairs"),
                ),
                Panel(
                    title="What the audit says",
                    text="The state of each group by the sequential test. `not_measured` is no praise: sameweights report "
                    "gives its reason. `suspect` is often chance; `drift` stays until the provider has recovered.",
                    unit="none",
                    kind="table",
                    width=10,
                    height=7,
                    queries=(q("max by (route, provider, model, reference, state) (sameweights_drift_state{<leg>}) == 1"),),
                    columns=("is",),
                ),
                Panel(
                    title="Proven drift: in what, how large, since when",
                    text="Every test of the audit that is past its bar: the provider does `more` or `fewer` of what the signal "
                    "counts, or is `further` from the reference than that is from itself, or `closer`. Empty: nothing is proven, "
                    "which is praise only where the table beside it says `ok`. Click a provider for its pairs.",
                    unit="percentunit",
                    kind="table",
                    width=14,
                    height=7,
                    queries=(
                        q(f"{TEST.format('excess_ratio')} and {TEST.format('start_timestamp_seconds')}"),
                        q(f"1000 * {TEST.format('start_timestamp_seconds')}"),
                    ),
                    columns=("excess", "since"),
                ),
                Panel(
                    title="Excess over the reference's own noise, last hour",
                    text="The worst signal of each provider that is no chance (z over 3.5), else 0; Divergence shows all of "
                    "them. Above the line for long: SameweightsDrift fires once it is sure. The dashed noise is in no way the "
                    "provider's: it is what the reference does to itself.",
                    unit="percentunit",
                    line=0.02,
                    bottom=None,
                    queries=(
                        q(BEYOND_CHANCE.format("1h", "provider, model"), WHO),
                        q(
                            'max by (provider, model) (sameweights:drift_noise:ratio1h{<sum>, signal="answer_kind"})',
                            f"noise of answer_kind {WHO}",
                            floor=True,
                        ),
                    ),
                ),
                Panel(
                    title="Evidence of the audit",
                    text="The sequential test on every pair, its strongest signal, in nats above the bar: at 0 the audit calls "
                    "it drift, and it errs about once in pairs_per_false_alarm pairs. It never forgets, unlike a window. Flat "
                    "far below 0 is health; a line that climbs for hours is worth a look before it arrives.",
                    unit="none",
                    line=0,
                    bottom=None,
                    queries=(q("max by (provider, model) (sameweights_drift_log_evidence{<leg>})", WHO),),
                ),
            ),
        ),
        (
            "What changed",
            (
                Panel(
                    title="Changes of who serves",
                    text="What the answers tell of their server changed: model echoed, fingerprint, headers. A drift that "
                    "begins here has its date: tell the provider.",
                    unit="short",
                    queries=(
                        q(
                            "sum by (provider, model) "
                            "(increase(sameweights_serving_identity_changes_total{<leg>}[$__rate_interval]))",
                            WHO,
                        ),
                    ),
                ),
                Panel(
                    title="Errors by what they complain of",
                    text="The line without a class is the sum. context_overflow: a smaller context than promised. "
                    "tool_use_failed: the provider's own parser gave up. rate_limit and auth are yours to settle and are no "
                    "sign of other weights.",
                    unit="reqps",
                    queries=(
                        q(
                            "sum by (provider, model, class) "
                            '(rate(sameweights_errors_total{<leg>, role="primary"}[$__rate_interval])) > 0 or '
                            'sum by (provider, model) (rate(sameweights_errors_total{<leg>, role="primary"}[$__rate_interval]))',
                            "{{provider}} / {{model}} {{class}}",
                        ),
                    ),
                ),
                Panel(
                    title="Share of requests that fail",
                    text="5xx and connections without an answer, over five minutes. Half or more: route away.",
                    unit="percentunit",
                    line=0.5,
                    top=1,
                    queries=(
                        q('sameweights:failures:ratio5m{<sum>, role="primary"}', WHO),
                        q('sameweights:failures:ratio5m{<job>, model=~"$model", role="shadow"}', f"reference {WHO}", floor=True),
                    ),
                ),
                Panel(
                    title="Who serves now",
                    text="A hash of what the answers tell of their server, one a provider and model. Two providers with one "
                    "hash may be one server. What it is made of: `sameweights report`, or Serving on the proxy's pages.",
                    unit="none",
                    kind="table",
                    queries=(q("max by (provider, model, identity) (sameweights_serving_identity_info{<leg>})"),),
                    columns=("is",),
                ),
                Panel(
                    title="Requests by how they ended",
                    text="By status class or by the failure's name. A sudden share of 4xx after an application's release is "
                    "its own.",
                    unit="reqps",
                    queries=(
                        q(
                            "sum by (provider, code) "
                            '(rate(sameweights_requests_total{<leg>, role="primary"}[$__rate_interval])) > 0',
                            "{{provider}} {{code}}",
                        ),
                    ),
                ),
            ),
        ),
    ),
)
