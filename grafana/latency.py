"""The dashboard *Latency and cost*: both legs and their ratio, percentiles, tokens and money."""

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
    title="sameweights / Latency and cost",
    text="Both legs and their ratio, tokens and money. Speed says nothing about weights; it is here because you pay for it.",
    rows=(
        (
            "Speed, the reference dashed",
            (
                Panel(
                    title="Time to the first token",
                    text="Median and 95th percentile of streams that answered 2xx. The provider far above the dashed line: it "
                    "queues.",
                    unit="s",
                    queries=quantiles("time_to_first_token"),
                ),
                Panel(
                    title="Seconds per output token",
                    text="Over the generation alone, without the wait for the first token. Twice the reference's: a busy or a "
                    "smaller machine.",
                    unit="s",
                    queries=quantiles("time_per_output_token"),
                ),
                Panel(
                    title="Whole answers",
                    text="From the request's begin to the answer's end. It grows with the answers' length as well: compare "
                    "Output tokens of an answer first.",
                    unit="s",
                    queries=quantiles("request_duration"),
                ),
                Panel(
                    title="Between two chunks",
                    text="Gaps in a stream. A p95 far above the median is stutter, which users see.",
                    unit="s",
                    queries=quantiles("inter_chunk", exemplar=False),
                ),
                Panel(
                    title="Time to the first chunk",
                    text="First byte of the body. Far below the first token: the provider sends an empty chunk at once.",
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
            "Tokens and money",
            (
                Panel(
                    title="Output tokens a second, per answer",
                    text="One over the median time per token: what a user sees as speed.",
                    unit="none",
                    width=8,
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
                    text="Mean, by the reported usage. The provider far above or below the dashed line writes longer or shorter "
                    "answers to like requests: see the signal completion_tokens on Divergence.",
                    unit="short",
                    width=8,
                    queries=lengths(),
                ),
                Panel(
                    title="Tokens",
                    text="As the providers report them. More input tokens for the same traffic after a change: a longer "
                    "template, and a larger bill.",
                    unit="short",
                    width=8,
                    queries=(
                        q(
                            "sum by (provider, model, type) "
                            '(rate(sameweights_tokens_total{<leg>, role="primary"}[$__rate_interval]))',
                            "{{provider}} / {{model}} {{type}}",
                        ),
                    ),
                ),
                Panel(
                    title="Money an hour, live traffic",
                    text="By the prices of the configuration; flat 0 means that no price is configured. Above it: what may have "
                    "been billed for reasoning, and what the provider states as the cost, in US dollars.",
                    unit="none",
                    queries=(
                        q(
                            "3600 * sum by (provider, model) "
                            '(rate(sameweights_money_total{<leg>, role="primary"}[$__rate_interval]))',
                            WHO,
                        ),
                        q(
                            "3600 * sum by (provider, model) "
                            '(rate(sameweights_money_uncertain_total{<leg>, role="primary"}[$__rate_interval])) > 0',
                            f"{WHO} uncertain",
                        ),
                        q(
                            "3600 * sum by (provider, model) "
                            '(rate(sameweights_stated_cost_total{<leg>, role="primary"}[$__rate_interval])) > 0',
                            f"{WHO} stated",
                        ),
                    ),
                ),
                Panel(
                    title="Money an hour, spent on the audit",
                    text="What shadows and controls cost at the reference. Too much: lower shadow.sample_rate, or set "
                    "shadow.money.",
                    unit="none",
                    queries=(
                        q(
                            "3600 * sum by (provider, model, role) "
                            '(rate(sameweights_money_total{<ref>, role=~"shadow|control"}[$__rate_interval]))',
                            "{{provider}} / {{model}} {{role}}",
                        ),
                    ),
                ),
                Panel(
                    title="Share of tokens by class",
                    text="Of the tokens that are priced. Fewer from a cache for the same traffic: a colder cache, and a larger "
                    "bill.",
                    unit="percentunit",
                    queries=(
                        q(
                            "sum by (provider, model, class) "
                            '(rate(sameweights_tokens_by_class_total{<leg>, role="primary"}[$__rate_interval])) '
                            "/ ignoring(class) group_left() (sum by (provider, model) "
                            '(rate(sameweights_tokens_by_class_total{<leg>, role="primary"}[$__rate_interval])) > 0)',
                            "{{provider}} / {{model}} {{class}}",
                        ),
                    ),
                ),
                Panel(
                    title="Responses without a known cost, a minute",
                    text="no_usage: the stream reports no counts (stream_options.include_usage). invalid_usage: they cannot be "
                    "right. no_price: write one in the configuration.",
                    unit="short",
                    queries=(
                        q(
                            "60 * sum by (provider, model, reason) "
                            '(rate(sameweights_unpriced_total{<leg>, role="primary"}[$__rate_interval])) > 0',
                            "{{provider}} / {{model}} {{reason}}",
                        ),
                    ),
                ),
            ),
        ),
    ),
)
