"""What the four dashboards show: questions, queries and words; how that becomes Grafana's JSON is build.py's matter.

In a query `<leg>` stands for the four selectors of raw series, `<own>` for those without a provider, `<sum>` for those of
recorded series, which are sums over instances, and `<ref>` for raw series of the reference, which is another provider.
"""

from __future__ import annotations

from dataclasses import dataclass

SELECTORS = {
    "<leg>": 'job=~"$job", instance=~"$instance", provider=~"$provider", model=~"$model"',
    "<ref>": 'job=~"$job", instance=~"$instance", model=~"$model"',
    "<own>": 'job=~"$job", instance=~"$instance"',
    "<sum>": 'job=~"$job", provider=~"$provider", model=~"$model"',
    "<job>": 'job=~"$job"',
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One target: an expression, what its series are called, and whether it is the noise floor or reference (drawn dashed)."""

    expr: str
    legend: str = ""
    floor: bool = False
    exemplar: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One question. `line` is a threshold drawn in, `repeat` the variable it is repeated by, `columns` a table's names."""

    title: str
    text: str
    unit: str
    queries: tuple[Query, ...]
    kind: str = "timeseries"
    width: int = 12
    height: int = 8
    line: float | None = None
    top: float | None = None
    bottom: float | None = 0.0
    repeat: str = ""
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """One dashboard: rows of panels, and the variables it has beside the common ones, as (name, label_values query)."""

    uid: str
    title: str
    text: str
    rows: tuple[tuple[str, tuple[Panel, ...]], ...]
    variables: tuple[tuple[str, str], ...] = ()


def q(expr: str, legend: str = "", *, floor: bool = False, exemplar: bool = False) -> Query:
    """A query with its selectors written out."""
    for short, whole in SELECTORS.items():
        expr = expr.replace(short, whole)
    return Query(expr=expr, legend=legend, floor=floor, exemplar=exemplar)


def quantiles(metric: str) -> tuple[Query, ...]:
    """Median and 95th percentile of a latency: the provider's, and dashed the reference's for the same model."""
    bucket = f"sameweights_{metric}_seconds_bucket"
    found = []
    for share, name in ((0.5, "p50"), (0.95, "p95")):
        mine = f'sum by (le, provider, model) (rate({bucket}{{<leg>, role="primary"}}[$__rate_interval]))'
        its = f'sum by (le, model) (rate({bucket}{{<ref>, role="shadow"}}[$__rate_interval]))'
        found.append(q(f"histogram_quantile({share}, {mine})", f"{name} {{{{provider}}}} / {{{{model}}}}"))
        found.append(q(f"histogram_quantile({share}, {its})", f"{name} reference / {{{{model}}}}", floor=True))
    return tuple(found)


WHO = "{{provider}} / {{model}}"
VERDICT = "max by (provider, model, reference) (sameweights:drift_{}{{<sum>}})"

OVERVIEW = Board(
    uid="sameweights-overview",
    title="sameweights / Overview",
    text="Does each provider serve what its reference serves? The verdict, what changed, and since when.",
    rows=(
        (
            "Now",
            (
                Panel(
                    title="Drift alarms",
                    text="Groups in which drift fires now. No value means that nothing was compared within the hour, which is "
                    "not the same as 0: look at Audit health. Above 0: open Divergence, then the pairs.",
                    unit="short",
                    kind="stat",
                    width=4,
                    height=4,
                    line=1,
                    queries=(
                        q(
                            'count(ALERTS{<sum>, alertname=~"SameweightsDrift|SameweightsDriftProven", alertstate="firing"})'
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
                    "noise explains; z is how sure that is (5 is the bar of the alert); the worst signal counts, and noise "
                    "is that of `action`. A row "
                    "that is missing was not compared. Click a provider for its pairs.",
                    unit="percentunit",
                    kind="table",
                    width=24,
                    height=7,
                    queries=(
                        q(VERDICT.format("excess:ratio1d")),
                        q(VERDICT.format("z:1d")),
                        q('max by (provider, model, reference) (sameweights:drift_noise:ratio1d{<sum>, signal="action"})'),
                        q(VERDICT.format("pairs:increase1d")),
                    ),
                    columns=("excess", "z", "noise", "pairs"),
                ),
                Panel(
                    title="What the audit says",
                    text="The state of each group by the sequential test. `not measured` is no praise: sameweights report "
                    "gives its reason. `suspect` is often chance; `drift` stays until the provider has recovered.",
                    unit="none",
                    kind="table",
                    width=24,
                    height=6,
                    queries=(q("max by (route, provider, model, reference, state) (sameweights_drift_state{<leg>}) == 1"),),
                    columns=("is",),
                ),
                Panel(
                    title="Excess over the reference's own noise, last hour",
                    text="0 is no difference, whatever the noise. Above the line for long: SameweightsDrift fires once it is "
                    "sure. Below 0 the provider agrees more with the reference than the reference with itself: is the "
                    "reference cached?",
                    unit="percentunit",
                    line=0.02,
                    bottom=None,
                    queries=(
                        q("sameweights:drift_excess:ratio1h{<sum>}", "{{provider}} / {{model}} {{signal}}"),
                        q(
                            'max by (provider, model) (sameweights:drift_noise:ratio1h{<sum>, signal="action"})',
                            f"noise of action {WHO}",
                            floor=True,
                        ),
                    ),
                ),
                Panel(
                    title="Evidence of the audit",
                    text="The sequential test on every pair, in nats above its bar: at 0 the audit calls it drift, and it errs"
                    " about once in pairs_per_false_alarm pairs. It never forgets, unlike a window.",
                    unit="none",
                    line=0,
                    bottom=None,
                    queries=(
                        q(
                            "max by (provider, model, signal, direction) (sameweights_drift_log_evidence{<leg>})",
                            "{{provider}} / {{model}} {{signal}} {{direction}}",
                        ),
                    ),
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
                    text="context_overflow: a smaller context than promised. tool_use_failed: the provider's own parser gave "
                    "up. rate_limit and auth are yours to settle and are no sign of other weights.",
                    unit="reqps",
                    queries=(
                        q(
                            "sum by (provider, model, class) "
                            '(rate(sameweights_errors_total{<leg>, role="primary"}[$__rate_interval]))',
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
                    title="Requests by how they ended",
                    text="By status class or by the failure's name. A sudden share of 4xx after an application's release is "
                    "its own.",
                    unit="reqps",
                    queries=(
                        q(
                            'sum by (provider, code) (rate(sameweights_requests_total{<leg>, role="primary"}[$__rate_interval]))',
                            "{{provider}} {{code}}",
                        ),
                    ),
                ),
            ),
        ),
    ),
)

DIVERGENCE = Board(
    uid="sameweights-divergence",
    title="sameweights / Divergence",
    text="Each signal with its noise floor in the same panel. Points are pairs: one click opens the stored answers.",
    variables=(
        ("signal", "label_values(sameweights_drift_pairs_total{<own>}, signal)"),
        ("dimension", 'label_values(sameweights_comparisons_total{<own>, result="differ"}, dimension)'),
    ),
    rows=(
        (
            "Who is the odd one, by signal",
            (
                Panel(
                    title="$signal",
                    text="Of all pairs, those in which one answer stood alone against two of the reference's: the provider's "
                    "(solid), or the reference's (dashed, the noise floor). Without drift both lines are the same height.",
                    unit="percentunit",
                    width=8,
                    height=7,
                    repeat="signal",
                    queries=(
                        q(
                            'sameweights:drift_provider_odd:increase1h{<sum>, signal=~"$signal"}'
                            ' / (sameweights:drift_pairs:increase1h{<sum>, signal=~"$signal"} > 0)',
                            WHO,
                        ),
                        q(
                            'sameweights:drift_reference_odd:increase1h{<sum>, signal=~"$signal"}'
                            ' / (sameweights:drift_pairs:increase1h{<sum>, signal=~"$signal"} > 0)',
                            f"floor {WHO}",
                            floor=True,
                        ),
                    ),
                ),
            ),
        ),
        (
            "Share of pairs that differ, by dimension",
            (
                Panel(
                    title="$dimension",
                    text="Provider against reference (solid), reference against itself on the same traffic (dashed). Only the "
                    "gap between the two lines is the provider's. No dashed line: raise shadow.control_fraction.",
                    unit="percentunit",
                    width=8,
                    height=7,
                    top=1,
                    repeat="dimension",
                    queries=(
                        q('sameweights:divergence_cross:ratio1h{<sum>, dimension=~"$dimension"}', WHO),
                        q('sameweights:divergence_self:ratio1h{<sum>, dimension=~"$dimension"}', f"floor {WHO}", floor=True),
                    ),
                ),
            ),
        ),
        (
            "Evidence",
            (
                Panel(
                    title="Pairs that differ",
                    text="Each point is a stored pair: click it, then read both answers side by side before you call it a fault.",
                    unit="ops",
                    queries=(
                        q(
                            "sum by (provider, model, dimension) (rate(sameweights_comparisons_total"
                            '{<leg>, comparison="cross", result="differ", dimension=~"$dimension"}[$__rate_interval]))',
                            "{{provider}} / {{model}} {{dimension}}",
                            exemplar=True,
                        ),
                    ),
                ),
                Panel(
                    title="Likeness of the texts",
                    text="Median likeness, 1 is equal. Compare the solid line with the dashed one of the same provider, never "
                    "with 1: two answers of one model part as well.",
                    unit="percentunit",
                    top=1,
                    queries=(
                        q(
                            "histogram_quantile(0.5, sum by (le, provider, model) (rate(sameweights_similarity_ratio_bucket"
                            '{<leg>, comparison="cross", dimension="text"}[$__rate_interval])))',
                            WHO,
                            exemplar=True,
                        ),
                        q(
                            "histogram_quantile(0.5, sum by (le, provider, model) (rate(sameweights_similarity_ratio_bucket"
                            '{<leg>, comparison="self", dimension="text"}[$__rate_interval])))',
                            f"floor {WHO}",
                            floor=True,
                        ),
                    ),
                ),
                Panel(
                    title="How sure: z of the last hour",
                    text="Standard deviations from no difference. Looked at all day, chance passes 3.5 now and then and 5 "
                    "hardly ever: the alert waits for 5, and for a shorter window to agree.",
                    unit="none",
                    line=5,
                    bottom=None,
                    queries=(q('sameweights:drift_z:1h{<sum>, signal=~"$signal"}', "{{provider}} / {{model}} {{signal}}"),),
                ),
                Panel(
                    title="Template fingerprint: pairs with other prompt_tokens",
                    text="The same request counted as another number of tokens: another template or tokenizer, or a hidden "
                    "system prompt. It needs no noise floor: the reference agrees with itself.",
                    unit="percentunit",
                    top=1,
                    queries=(
                        q('sameweights:divergence_cross:ratio1h{<sum>, dimension="prompt_tokens"}', WHO),
                        q('sameweights:divergence_self:ratio1h{<sum>, dimension="prompt_tokens"}', f"floor {WHO}", floor=True),
                    ),
                ),
            ),
        ),
        (
            "Tool calls and checks",
            (
                Panel(
                    title="Tool calls by class",
                    text="How the provider's calls obey the schema that the request declared. invalid_json and unknown_name "
                    "are parser faults, schema_mismatch is often the model's.",
                    unit="ops",
                    queries=(
                        q(
                            "sum by (provider, model, outcome) "
                            '(rate(sameweights_tool_calls_total{<leg>, role="primary"}[$__rate_interval]))',
                            "{{provider}} / {{model}} {{outcome}}",
                        ),
                    ),
                ),
                Panel(
                    title="Share of invalid tool calls",
                    text="Over an hour, with the reference's share for the same model dashed. More than twice as many: "
                    "SameweightsInvalidToolCalls.",
                    unit="percentunit",
                    queries=(
                        q('sameweights:tool_calls_invalid:ratio1h{<sum>, role="primary"}', WHO),
                        q(
                            'sameweights:reference_tool_calls_invalid:ratio1h{<job>, model=~"$model"}',
                            "reference / {{model}}",
                            floor=True,
                        ),
                    ),
                ),
                Panel(
                    title="Failed checks",
                    text="Answers that contradict themselves or their request, on all traffic. Any steady rate is a fault to "
                    "report: the check's name says which.",
                    unit="ops",
                    width=24,
                    queries=(
                        q(
                            "sum by (provider, model, check) "
                            '(rate(sameweights_checks_total{<leg>, result="differ"}[$__rate_interval]))',
                            "{{provider}} / {{model}} {{check}}",
                        ),
                    ),
                ),
            ),
        ),
    ),
)
