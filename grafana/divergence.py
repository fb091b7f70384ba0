"""The dashboard *Divergence*: each signal with its noise floor in the same panel, and the way from a point to its pair."""

from __future__ import annotations

from panels import WHO, Board, Panel, q

DIVERGENCE = Board(
    uid="sameweights-divergence",
    title="sameweights / Divergence",
    text="Each signal with its noise floor in the same panel. Points are pairs: one click opens the stored answers.",
    variables=(
        ("signal", "label_values(sameweights_drift_pairs_total{<own>}, signal)"),
        ("compared_signal", 'label_values(sameweights_comparisons_total{<own>, result="differ"}, signal)'),
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
            "Share of pairs that differ, by signal",
            (
                Panel(
                    title="$compared_signal",
                    text="Provider against reference (solid), reference against itself on the same traffic (dashed). Only the "
                    "gap between the two lines is the provider's. No dashed line: raise shadow.control_fraction.",
                    unit="percentunit",
                    width=8,
                    height=7,
                    top=1,
                    repeat="compared_signal",
                    queries=(
                        q('sameweights:divergence_cross:ratio1h{<sum>, signal=~"$compared_signal"}', WHO),
                        q('sameweights:divergence_self:ratio1h{<sum>, signal=~"$compared_signal"}', f"floor {WHO}", floor=True),
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
                            "sum by (provider, model, signal) (rate(sameweights_comparisons_total"
                            '{<leg>, comparison="cross", result="differ", signal=~"$compared_signal"}[$__rate_interval])) > 0',
                            "{{provider}} / {{model}} {{signal}}",
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
                            '{<leg>, comparison="cross", signal="text"}[$__rate_interval])))',
                            WHO,
                            exemplar=True,
                        ),
                        q(
                            "histogram_quantile(0.5, sum by (le, provider, model) (rate(sameweights_similarity_ratio_bucket"
                            '{<leg>, comparison="self", signal="text"}[$__rate_interval])))',
                            f"floor {WHO}",
                            floor=True,
                        ),
                    ),
                ),
                Panel(
                    title="Where two texts first part",
                    text="Median share of the longer text that both have in common from its beginning; 1 is the same text. The "
                    "provider (solid) parting much earlier than the reference from itself (dashed) reads another prompt or "
                    "samples otherwise: open a point and see what the texts do there.",
                    unit="percentunit",
                    top=1,
                    queries=(
                        q(
                            "histogram_quantile(0.5, sum by (le, provider, model) (rate(sameweights_similarity_ratio_bucket"
                            '{<leg>, comparison="cross", signal="first_divergence"}[$__rate_interval])))',
                            WHO,
                            exemplar=True,
                        ),
                        q(
                            "histogram_quantile(0.5, sum by (le, provider, model) (rate(sameweights_similarity_ratio_bucket"
                            '{<leg>, comparison="self", signal="first_divergence"}[$__rate_interval])))',
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
                    title="Evidence of the audit, by signal",
                    text="The sequential tests in nats above their bar, those that are nearer to it than 5; at 0 one is proven. "
                    "Each has two: `more` or `fewer` than the reference, `further` from it or `closer`. Empty: none is near, "
                    "and Overview still draws the strongest. Narrow it down with the variable signal.",
                    unit="none",
                    line=0,
                    bottom=None,
                    queries=(
                        q(
                            "max by (provider, model, signal, direction) "
                            '(sameweights_drift_log_evidence{<leg>, signal=~"$signal"}) > -5',
                            "{{provider}} / {{model}} {{signal}} {{direction}}",
                        ),
                    ),
                ),
                Panel(
                    title="Template fingerprint: pairs with other prompt_tokens",
                    text="The same request counted as another number of tokens: another template or tokenizer, or a hidden "
                    "system prompt. It needs no noise floor: the reference agrees with itself.",
                    unit="percentunit",
                    top=1,
                    queries=(
                        q('sameweights:divergence_cross:ratio1h{<sum>, signal="prompt_tokens"}', WHO),
                        q('sameweights:divergence_self:ratio1h{<sum>, signal="prompt_tokens"}', f"floor {WHO}", floor=True),
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
                    "are parser faults, schema_mismatch is often the model's. Empty: no tool was called.",
                    unit="ops",
                    queries=(
                        q(
                            "sum by (provider, model, outcome) "
                            '(rate(sameweights_tool_calls_total{<leg>, role="primary"}[$__rate_interval])) > 0',
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
                    text="Answers that contradict themselves or their request, on all traffic; the line without a check is the "
                    "sum. Any steady rate is a fault to report: the check's name says which.",
                    unit="ops",
                    width=24,
                    queries=(
                        q(
                            "sum by (provider, model, signal) "
                            '(rate(sameweights_checks_total{<leg>, result="differ"}[$__rate_interval])) > 0 or '
                            'sum by (provider, model) (rate(sameweights_checks_total{<leg>, result="differ"}[$__rate_interval]))',
                            "{{provider}} / {{model}} {{signal}}",
                        ),
                    ),
                ),
            ),
        ),
    ),
)
