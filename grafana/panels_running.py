"""The two dashboards of running: how fast and how dear the providers are, and whether the audit itself is well."""

from __future__ import annotations

from panels import WHO, Board, Panel, q, quantiles

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
                    "that first.",
                    unit="s",
                    queries=quantiles("request_duration"),
                ),
                Panel(
                    title="Between two chunks",
                    text="Gaps in a stream. A p95 far above the median is stutter, which users see.",
                    unit="s",
                    queries=quantiles("inter_chunk"),
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
                    title="Money an hour, live traffic",
                    text="By price_input and price_output of the configuration; flat 0 means that no price is configured.",
                    unit="none",
                    queries=(
                        q(
                            "3600 * sum by (provider, model) "
                            '(rate(sameweights_money_total{<leg>, role="primary"}[$__rate_interval]))',
                            WHO,
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
            ),
        ),
    ),
)

AUDIT = Board(
    uid="sameweights-audit",
    title="sameweights / Audit health",
    text="Is the audit to be believed? What it sees, skips, loses and costs. Silence of a broken audit is not innocence.",
    rows=(
        (
            "What is compared, and what is not",
            (
                Panel(
                    title="Live requests and their shadows",
                    text="The distance is the sample. Shadows at zero while requests flow: nothing is compared.",
                    unit="reqps",
                    queries=(
                        q("sum by (role) (rate(sameweights_requests_total{<leg>}[$__rate_interval]))", "{{role}}"),
                        q(
                            'sum by (role) (rate(sameweights_requests_total{<ref>, role!="primary"}[$__rate_interval]))',
                            "all {{role}}",
                            floor=True,
                        ),
                    ),
                ),
                Panel(
                    title="Requests that were not shadowed, by reason",
                    text="not_sampled is the setting. budget_*: the period's limit is reached. concurrency: raise "
                    "shadow.concurrency. stateful, side_effecting: such requests are never sent twice.",
                    unit="reqps",
                    queries=(
                        q("sum by (reason) (rate(sameweights_shadow_dropped_total{<own>}[$__rate_interval]))", "{{reason}}"),
                    ),
                ),
                Panel(
                    title="Signals of pairs by what they came to",
                    text="not_comparable and not_measured are no agreement: a large share of them means that the verdict rests"
                    " on few pairs.",
                    unit="ops",
                    queries=(
                        q(
                            'sum by (result) (rate(sameweights_comparisons_total{<leg>, comparison="cross"}[$__rate_interval]))',
                            "{{result}}",
                        ),
                    ),
                ),
                Panel(
                    title="Controls per pair",
                    text="Share of pairs whose reference was asked a second time at random: the noise floor rests on these. 0:"
                    " raise shadow.control_fraction.",
                    unit="percentunit",
                    top=1,
                    queries=(
                        q(
                            "max by (provider, model) (sameweights:divergence_self:increase1h{<sum>})"
                            " / (max by (provider, model) (sameweights:divergence_cross:increase1h{<sum>}) > 0)",
                            WHO,
                        ),
                    ),
                ),
            ),
        ),
        (
            "What is lost",
            (
                Panel(
                    title="Exchanges handed over, and lost",
                    text="Losses are the audit's alone, never the traffic's. audit_slow or inbox_full: the audit has too "
                    "little CPU; audit_down: it restarted.",
                    unit="ops",
                    queries=(
                        q("sum(rate(sameweights_handed_over_total{<own>}[$__rate_interval]))", "handed over"),
                        q("sum by (reason) (rate(sameweights_handover_dropped_total{<own>}[$__rate_interval]))", "{{reason}}"),
                        q("sum(rate(sameweights_recorder_errors_total{<own>}[$__rate_interval]))", "recorder errors"),
                    ),
                ),
                Panel(
                    title="What waits",
                    text="Exchanges for the audit, shadows for the reference, records for the database. A queue that only "
                    "grows will drop.",
                    unit="short",
                    queries=(
                        q("sum by (instance) (sameweights_shadow_queue_length{<own>})", "exchanges {{instance}}"),
                        q("sum by (instance) (sameweights_shadow_in_flight_requests{<own>})", "shadows {{instance}}"),
                        q("sum by (instance) (sameweights_store_queue_length{<own>})", "records {{instance}}"),
                    ),
                ),
                Panel(
                    title="Records by what became of them",
                    text="failed or dropped above 0: the disk is full or the database is locked; the log says which.",
                    unit="ops",
                    queries=(
                        q("sum by (result) (rate(sameweights_store_records_total{<own>}[$__rate_interval]))", "{{result}}"),
                    ),
                ),
                Panel(
                    title="Store lag",
                    text="How long a record waits until it is written, by queue over pace. Above a minute: "
                    "SameweightsStoreBehind.",
                    unit="s",
                    line=60,
                    queries=(q("sameweights:store_lag_seconds:10m{<own>}", "{{instance}}"),),
                ),
            ),
        ),
        (
            "What it costs",
            (
                Panel(
                    title="Time that the proxy adds before a request is sent",
                    text="Median and 99th percentile. Above the line: the machine is too small, or something else eats its CPU.",
                    unit="s",
                    line=0.01,
                    queries=tuple(
                        q(
                            f"histogram_quantile({share}, sum by (le) "
                            "(rate(sameweights_proxy_overhead_seconds_bucket{<own>}[$__rate_interval])))",
                            name,
                        )
                        for share, name in ((0.5, "p50"), (0.99, "p99"))
                    ),
                ),
                Panel(
                    title="Event loop lag",
                    text="How late the slowest data-plane process woke up. Above the line clients feel it: add workers or CPU.",
                    unit="s",
                    line=0.1,
                    queries=(q("max by (instance) (sameweights_loop_lag_seconds{<own>})", "{{instance}}"),),
                ),
                Panel(
                    title="In flight, and connections",
                    text="Requests being forwarded now, and open connections to providers.",
                    unit="short",
                    queries=(
                        q("sum by (instance) (sameweights_in_flight_requests{<own>})", "in flight {{instance}}"),
                        q("sum by (instance) (sameweights_upstream_connections{<own>})", "connections {{instance}}"),
                    ),
                ),
                Panel(
                    title="Requests that the proxy refused itself",
                    text="No route, too large, malformed. Anything steady is a client that is set up wrongly; its answer says "
                    "how.",
                    unit="reqps",
                    queries=(
                        q(
                            "sum by (instance) (rate(sameweights_refused_requests_total{<own>}[$__rate_interval]))",
                            "{{instance}}",
                        ),
                        q(
                            "sum by (instance) (rate(sameweights_accepted_requests_total{<own>}[$__rate_interval]))",
                            "all {{instance}}",
                            floor=True,
                        ),
                    ),
                ),
                Panel(
                    title="Scrapes",
                    text="How long Prometheus waits for /metrics. Above two seconds: too many series; `sameweights config "
                    "check` says how many there can be.",
                    unit="s",
                    line=2,
                    queries=(q("max by (instance) (scrape_duration_seconds{<own>})", "{{instance}}"),),
                ),
                Panel(
                    title="Series exported",
                    text="By instance. It is bounded by the configuration and cannot be driven up by clients.",
                    unit="short",
                    queries=(q("max by (instance) (scrape_samples_scraped{<own>})", "{{instance}}"),),
                ),
                Panel(
                    title="What runs",
                    text="Version by instance. Two versions at once: a roll-out is under way, or was forgotten.",
                    unit="none",
                    kind="table",
                    width=24,
                    height=5,
                    queries=(q("sum by (instance, version, python) (sameweights_build_info{<own>})"),),
                    columns=("up",),
                ),
            ),
        ),
    ),
)
