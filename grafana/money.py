"""The dashboard *Money*: what traffic and audit cost, in which tokens, and which provider counts more for the same words."""

from __future__ import annotations

from panels import WHO, Board, Column, Panel, money, q, thousand

LIVE, SERVING = '<leg>, role="primary"', '<leg>, role=~"primary|candidate"'
AUDIT = '<ref>, role=~"shadow|control|candidate"'
WITH_ROLE = f"{WHO} {{{{role}}}}"


THOUSAND = (
    q(thousand("provider, model, role", SERVING), WITH_ROLE),
    q(thousand("model", '<ref>, role="shadow"'), "reference / {{model}}", floor=True),
)
"""The provider's and each candidate's, and dashed the reference's for the same model."""

MONEY = Board(
    uid="sameweights-money",
    title="sameweights / Money",
    text="What live traffic and the audit cost, in which tokens, and which provider counts more tokens for the same words.",
    rows=(
        (
            "What it costs",
            (
                Panel(
                    title="Money an hour, live traffic",
                    text="By the configured prices; no line means that no price is configured. `uncertain`: what may have been "
                    "billed for reasoning in addition. `stated`: the cost that the provider states, in US dollars.",
                    unit="none",
                    width=8,
                    queries=(
                        q(f"3600 * {money('provider, model', LIVE)}", WHO),
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
                    title="Money of a thousand requests",
                    text="Cost of answered requests, of those with a known cost, at the live provider and each candidate; "
                    "dashed: the reference for the same model. Shadow requests meet a cold prompt cache, so a candidate may cost "
                    "less once it serves.",
                    unit="none",
                    width=8,
                    queries=THOUSAND,
                ),
                Panel(
                    title="Money an hour, spent on the audit",
                    text="Cost of shadow requests, controls and candidates. If it is too high, lower shadow.sample_rate, or "
                    "set shadow.money.",
                    unit="none",
                    width=8,
                    queries=(q(f"3600 * {money('provider, model, role', AUDIT)}", WITH_ROLE),),
                ),
            ),
        ),
        (
            "Tokens",
            (
                Panel(
                    title="Tokens",
                    text="As the providers report them. More input tokens for the same traffic after a change: a longer "
                    "template, and a larger bill.",
                    unit="short",
                    queries=(
                        q(
                            "sum by (provider, model, type) "
                            '(rate(sameweights_tokens_total{<leg>, role="primary"}[$__rate_interval]))',
                            "{{provider}} / {{model}} {{type}}",
                        ),
                    ),
                ),
                Panel(
                    title="Share of tokens by class",
                    text="Of the tokens that have a price. Fewer tokens from a cache for the same traffic: a colder cache, and a "
                    "larger bill.",
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
                Panel(
                    title="Tokens over the reference's, for the same words",
                    text="Over about the last 200 pairs; 1 is the same count. Above 1.005 for long: the report of the provider "
                    "states whether it is in proportion to length, a constant, or in which requests. No value: fewer than 20 "
                    "pairs, or for completions too few with equal words. Cached and reasoning tokens cannot be counted.",
                    unit="none",
                    line=1.005,
                    bottom=None,
                    queries=(
                        q(
                            "max by (provider, model, side) (sameweights_token_count_ratio{<leg>})",
                            "{{provider}} / {{model}} {{side}}",
                        ),
                    ),
                ),
                Panel(
                    title="Providers found to count more",
                    text="1 while a test on the same words is past its threshold of one false alarm in 10 million pairs. Then "
                    "read the sentence about token counts in `sameweights report --full` or on the page of the provider: "
                    "another template also costs more, but is not a wrong count.",
                    unit="none",
                    kind="table",
                    width=24,
                    height=6,
                    none="no pair compared",
                    queries=(
                        q("max by (provider, model, side) (sameweights_token_count_more{<leg>})"),
                        q("max by (provider, model, side) (sameweights_token_count_ratio{<leg>})"),
                    ),
                    columns=(
                        Column(name="more", decimals=0, steps=((1, "orange"),)),
                        Column(name="ratio", decimals=3, steps=((1.005, "orange"),)),
                    ),
                    order=("provider", "model", "side", "more", "ratio"),
                ),
            ),
        ),
    ),
)
