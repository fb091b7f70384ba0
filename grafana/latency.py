"""The dashboard *Latency*: provider and reference with their ratio, percentiles, and the tokens of an answer."""

from __future__ import annotations

from panels import WHO, Board, Panel, Query, q, quantiles


def lengths() -> tuple[Query, ...]:
    """Mean output tokens of an answer: the provider's, and dashed the reference's for the same model."""
    found = []
    for labels, leg, who, floor in (
        ("provider, model", '<leg>, role="primary"', WHO, False),
        ("model", '<ref>, role="shadow"', "reference / {{model}}", True),
    ):
        tokens = f'sum by ({labels}) (rate(sameweights_tokens_total{{{leg}, type="output"}}[$__rate_interval]))'
        answers = f'sum by ({labels}) (rate(sameweights_requests_total{{{leg}, code="2xx"}}[$__rate_interval]))'
        found.append(q(f"{tokens} / ({answers} > 0)", f"mean {who}", floor=floor))
    return tuple(found)


LATENCY = Board(
    uid="sameweights-latency",
    title="sameweights / Latency",
    text="The provider, the reference and their ratio. Speed is no evidence about weights; it is shown because users notice it.",
    rows=(
        (
            "Speed, the reference dashed",
            (
                Panel(
                    title="Time to the first token",
                    text="Median and 95th percentile of streams that answered 2xx. If the provider is far above the dashed line, "
                    "it queues requests.",
                    unit="s",
                    queries=quantiles("time_to_first_token"),
                ),
                Panel(
                    title="Seconds per output token",
                    text="During generation only, without the wait for the first token. Twice the reference's: a busy or a "
                    "smaller machine.",
                    unit="s",
                    queries=quantiles("time_per_output_token"),
                ),
                Panel(
                    title="Whole answers",
                    text="From the start of the request to the end of the answer. It also grows with the length of answers: "
                    "first compare Output tokens of an answer.",
                    unit="s",
                    queries=quantiles("request_duration"),
                ),
                Panel(
                    title="Between two chunks",
                    text="Gaps in a stream. A p95 far above the median is stutter, which users notice.",
                    unit="s",
                    queries=quantiles("inter_chunk", exemplar=False),
                ),
                Panel(
                    title="Time to the first chunk",
                    text="First byte of the body. Far below the time to the first token: the provider sends an empty chunk "
                    "at once.",
                    unit="s",
                    queries=quantiles("time_to_first_chunk"),
                ),
                Panel(
                    title="Times slower than the reference",
                    text="Ratio of the medians over half an hour. Above the line for long: SameweightsSlowFirstToken or "
                    "SameweightsSlowTokens.",
                    unit="none",
                    line=2,
                    queries=(
                        q("sameweights:time_to_first_token_seconds:slowdown30m{<sum>}", f"first token {WHO}"),
                        q("sameweights:time_per_output_token_seconds:slowdown30m{<sum>}", f"per token {WHO}"),
                    ),
                ),
            ),
        ),
        (
            "Tokens of an answer",
            (
                Panel(
                    title="Output tokens a second, per answer",
                    text="1 divided by the median time per token: the speed that a user sees.",
                    unit="none",
                    queries=(
                        q("1 / (sameweights:time_per_output_token_seconds:p50_30m{<sum>} > 0)", WHO),
                        q(
                            '1 / (sameweights:reference_time_per_output_token_seconds:p50_30m{<job>, model=~"$model"} > 0)',
                            "reference / {{model}}",
                            floor=True,
                        ),
                    ),
                ),
                Panel(
                    title="Output tokens of an answer",
                    text="Mean, by the reported usage. A provider far above or below the dashed line writes longer or shorter "
                    "answers to similar requests: see the signal completion_tokens on Divergence.",
                    unit="short",
                    queries=lengths(),
                ),
            ),
        ),
    ),
)
