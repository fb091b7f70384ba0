"""The dashboard *Divergence*: every signal of every provider in one table, and the chosen signal with its noise and its pairs."""

from __future__ import annotations

from panels import WHO, Board, Panel, q

CHOSEN = '<sum>, signal=~"$signal"'

DIVERGENCE = Board(
    uid="sameweights-divergence",
    title="sameweights / Divergence",
    text="In which signal each provider differs; the chosen signal with its noise floor, and links from points to their pairs.",
    variables=(("signal", "label_values(sameweights_drift_pairs_total{<own>}, signal)", "answer_kind"),),
    rows=(
        (
            "By signal",
            (
                Panel(
                    title="Excess by signal and provider, over a day",
                    text="Share of pairs in which the provider was the odd one, beyond what the reference's own noise explains. "
                    "Grey: 0, or within chance (z up to 3.5). No value: never compared. Orange: beyond chance, up to 2 "
                    "points. Red: more than 2 points; an alert fires at z over 5. Click a signal to see it below.",
                    unit="percentunit",
                    kind="table",
                    width=24,
                    height=11,
                    none="-",
                    matrix=("who", "signal"),
                    steps=((0.0001, "orange"), (0.02, "red")),
                    least="transparent",
                    queries=(
                        q(
                            "max by (who, signal) (label_join("
                            "(sameweights:drift_excess:ratio1d{<sum>} and sameweights:drift_z:1d{<sum>} > 3.5)"
                            " or 0 * (sameweights:drift_pairs:increase1d{<sum>} > 0)"
                            ', "who", " / ", "provider", "model"))'
                        ),
                    ),
                ),
            ),
        ),
        (
            "Signal $signal",
            (
                Panel(
                    title="Which side is the odd one: $signal",
                    text="Share of the pairs of the last hour in which one answer disagreed with both others: the provider's "
                    "(solid), or the reference's (dashed, the noise floor). Without drift both lines are equally high.",
                    unit="percentunit",
                    queries=(
                        q(
                            f"sameweights:drift_provider_odd:increase1h{{{CHOSEN}}}"
                            f" / (sameweights:drift_pairs:increase1h{{{CHOSEN}}} > 0)",
                            WHO,
                        ),
                        q(
                            f"sameweights:drift_reference_odd:increase1h{{{CHOSEN}}}"
                            f" / (sameweights:drift_pairs:increase1h{{{CHOSEN}}} > 0)",
                            f"noise {WHO}",
                            floor=True,
                        ),
                    ),
                ),
                Panel(
                    title="Evidence: z of $signal in the last hour",
                    text="Standard deviations from no difference. Over a whole day, chance passes 3.5 now and then, and 5 hardly "
                    "ever: the alert waits for 5, also in a shorter window.",
                    unit="none",
                    line=5,
                    bottom=None,
                    queries=(q(f"sameweights:drift_z:1h{{{CHOSEN}}}", "{{provider}} / {{model}} {{signal}}"),),
                ),
            ),
        ),
        (
            "Pairs",
            (
                Panel(
                    title="Pairs that differ: $signal",
                    text="Each point is a stored pair: click it, then read both answers side by side before you call it a "
                    "fault. A rate (calls_tool_rate, finish_length, refusal_rate) has no pairs of its own: choose calls_tool, "
                    "finish_reason or refusal.",
                    unit="ops",
                    width=8,
                    queries=(
                        q(
                            "sum by (provider, model, signal) (rate(sameweights_comparisons_total"
                            '{<leg>, comparison="cross", result="differ", signal=~"$signal"}[$__rate_interval])) > 0',
                            "{{provider}} / {{model}} {{signal}}",
                            exemplar=True,
                        ),
                    ),
                ),
                Panel(
                    title="Similarity of the texts",
                    text="Median, 1 is equal. Compare the solid line with the dashed one of the same provider, never with 1: two "
                    "answers of the same model differ too.",
                    unit="percentunit",
                    width=8,
                    top=1,
                    queries=(
                        q(
                            "histogram_quantile(0.5, sum by (le, provider, model) (rate(sameweights_similarity_ratio_bucket"
                            '{<leg>, comparison="cross"}[$__rate_interval])))',
                            WHO,
                            exemplar=True,
                        ),
                        q(
                            "histogram_quantile(0.5, sum by (le, provider, model) (rate(sameweights_similarity_ratio_bucket"
                            '{<leg>, comparison="self"}[$__rate_interval])))',
                            f"noise {WHO}",
                            floor=True,
                        ),
                    ),
                ),
                Panel(
                    title="Faults that need no statistics, last hour",
                    text="Share of answers that failed a check, by check, and share of tool calls that are invalid, by class, "
                    "the reference's dashed. invalid_json and unknown_name are faults of the provider's parser, schema_mismatch "
                    "is often the model's. Any steady share is a fault to report, under the name of its check.",
                    unit="percentunit",
                    width=8,
                    queries=(
                        q(
                            "max by (provider, model, signal) (sameweights:checks_failed:increase1h{<sum>}"
                            " / (sameweights:checks:increase1h{<sum>} > 0)) > 0",
                            "{{provider}} / {{model}} {{signal}}",
                        ),
                        q(
                            "sum by (provider, model, outcome) (rate(sameweights_tool_calls_total"
                            '{<leg>, role="primary", outcome!="valid"}[$__rate_interval])) / on (provider, model) group_left ()'
                            " (sum by (provider, model) (rate(sameweights_tool_calls_total"
                            '{<leg>, role="primary"}[$__rate_interval])) > 0) > 0',
                            "{{provider}} / {{model}} {{outcome}}",
                        ),
                        q(
                            'sameweights:reference_tool_calls_invalid:ratio1h{<job>, model=~"$model"}',
                            "invalid calls of the reference / {{model}}",
                            floor=True,
                        ),
                    ),
                ),
            ),
        ),
    ),
)
