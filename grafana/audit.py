"""The dashboard *Audit health*: what the audit compares, skips, loses and costs, because a broken audit raises no alert."""

from __future__ import annotations

from panels import WHO, Board, Column, Panel, q

AUDIT = Board(
    uid="sameweights-audit",
    title="sameweights / Audit health",
    text="Is the audit reliable? What it compares, skips, loses and costs. A broken audit raises no alert, which is no "
    "evidence for a provider.",
    rows=(
        (
            "What is compared, and what is not",
            (
                Panel(
                    title="Live and shadow requests",
                    text="The gap between the lines shows the sample: `shadow` is the reference's first answer, `control` its "
                    "second. No shadow requests while live requests flow: nothing is compared.",
                    unit="reqps",
                    width=8,
                    queries=(
                        q('sum(rate(sameweights_requests_total{<leg>, role="primary"}[$__rate_interval]))', "live"),
                        q(
                            'sum by (role) (rate(sameweights_requests_total{<ref>, role!="primary"}[$__rate_interval]))',
                            "sent to references: {{role}}",
                            floor=True,
                        ),
                        q("sum by (tenant) (rate(sameweights_tenant_requests_total{<own>}[$__rate_interval]))", "of {{tenant}}"),
                    ),
                ),
                Panel(
                    title="Requests that were not shadowed, by reason",
                    text="not_sampled: by the configured sample rate. budget_*, tenant_budget_*: a limit of the period is "
                    "reached. concurrency: raise shadow.concurrency. stateful, side_effecting: such requests are never sent "
                    "twice.",
                    unit="reqps",
                    width=8,
                    queries=(
                        q("sum by (reason) (rate(sameweights_shadow_dropped_total{<own>}[$__rate_interval]))", "{{reason}}"),
                    ),
                ),
                Panel(
                    title="Signals of pairs, by result",
                    text="not_comparable and not_measured do not mean agreement: where their share is large, the verdict rests "
                    "on few pairs.",
                    unit="ops",
                    width=8,
                    queries=(
                        q(
                            'sum by (result) (rate(sameweights_comparisons_total{<leg>, comparison="cross"}[$__rate_interval]))',
                            "{{result}}",
                        ),
                        q(
                            'sum by (result) (rate(sameweights_unmeasured_total{<leg>, comparison="cross"}[$__rate_interval]))',
                            "without: {{result}}",
                        ),
                    ),
                ),
                Panel(
                    title="Pairs excluded from the verdict, by reason",
                    text="Pairs that were compared but are no evidence, in part or as a whole. no_control: no tie-break could be "
                    "made. repeated, conversation_full: the same request again and again. cached, caching_reference: turn "
                    "the reference's cache off.",
                    unit="ops",
                    queries=(
                        q("sum by (reason) (rate(sameweights_drift_excluded_total{<leg>}[$__rate_interval]))", "{{reason}}"),
                    ),
                ),
                Panel(
                    title="Controls per pair",
                    text="Share of pairs with a random second answer of the reference, from which the noise floor is measured. "
                    "0: raise shadow.control_fraction.",
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
            "How current it is",
            (
                Panel(
                    title="Since the last comparison",
                    text="For each provider and model that was compared since the start. If a line climbs while requests flow, "
                    "its route lost the reference, or the reference fails.",
                    unit="s",
                    width=8,
                    # a point of the graph may be older than what was scraped for it
                    queries=(
                        q(
                            "min by (provider, model) (clamp_min(time() - "
                            "sameweights_last_comparison_timestamp_seconds{<leg>}, 0))",
                            WHO,
                        ),
                    ),
                ),
                Panel(
                    title="Budget left",
                    text="Share of each limit of the period (requests, tokens, money) that is left. No line: no limit is set. At "
                    "0 nothing more is compared until the period ends; at a tenant's limit, none of that tenant's requests.",
                    unit="percentunit",
                    width=8,
                    top=1,
                    queries=(
                        q(
                            "min by (instance, unit) (sameweights_shadow_budget_left{<own>}"
                            " / (sameweights_shadow_budget{<own>} > 0))",
                            "{{unit}} {{instance}}",
                        ),
                        q(
                            "min by (instance, tenant, unit) (sameweights_tenant_budget_left{<own>}"
                            " / (sameweights_tenant_budget{<own>} > 0))",
                            "{{tenant}} {{unit}} {{instance}}",
                        ),
                    ),
                ),
                Panel(
                    title="Configuration and records",
                    text="`loaded`: 1 if the last reload of the configuration succeeded, 0 if it was refused; the log names the "
                    "errors. `since`: time of the last successful load. `oldest`: time of the oldest record.",
                    unit="none",
                    kind="table",
                    width=8,
                    queries=(
                        q("min by (instance) (sameweights_config_last_reload_successful{<own>})"),
                        q("1000 * max by (instance) (sameweights_config_last_reload_success_timestamp_seconds{<own>})"),
                        q("1000 * min by (instance) (sameweights_oldest_record_timestamp_seconds{<own>} > 0)"),
                    ),
                    widths=(("loaded", 70), ("since", 120), ("oldest", 120)),
                    columns=(
                        Column(name="loaded"),
                        Column(name="since", unit="dateTimeFromNow"),
                        Column(name="oldest", unit="dateTimeFromNow"),
                    ),
                ),
            ),
        ),
        (
            "What is lost",
            (
                Panel(
                    title="Exchanges handed over, and lost",
                    text="Only records are lost, never requests. audit_slow or inbox_full: the audit has too little CPU; "
                    "audit_down: it restarted.",
                    unit="ops",
                    queries=(
                        q("sum(rate(sameweights_exchanges_ended_total{<own>}[$__rate_interval]))", "ended"),
                        q("sum(rate(sameweights_handed_over_total{<own>}[$__rate_interval]))", "handed over"),
                        q("sum by (reason) (rate(sameweights_handover_dropped_total{<own>}[$__rate_interval]))", "{{reason}}"),
                        q("sum(rate(sameweights_recorder_errors_total{<own>}[$__rate_interval]))", "recorder errors"),
                    ),
                ),
                Panel(
                    title="Queues",
                    text="Exchanges for the audit, shadow requests for the reference, records for the database. A queue that "
                    "only grows will drop entries.",
                    unit="short",
                    queries=(
                        q("sum by (instance) (sameweights_shadow_queue_length{<own>})", "exchanges {{instance}}"),
                        q("sum by (instance) (sameweights_shadow_in_flight_requests{<own>})", "shadows {{instance}}"),
                        q("sum by (instance) (sameweights_shadow_waiting_requests{<own>})", "waiting shadows {{instance}}"),
                        q("sum by (instance) (sameweights_store_queue_length{<own>})", "records {{instance}}"),
                    ),
                ),
                Panel(
                    title="Records, by result",
                    text="failed or dropped above 0: the disk is full or the database is locked; the log shows which. spans and "
                    "evaluations go to `otel.endpoint`; records are stored even if these are dropped.",
                    unit="ops",
                    queries=(
                        q("sum by (result) (rate(sameweights_store_records_total{<own>}[$__rate_interval]))", "{{result}}"),
                        q(
                            "sum by (kind, delivery) (rate(sameweights_otel_items_total{<own>}[$__rate_interval]))",
                            "{{kind}} {{delivery}}",
                        ),
                    ),
                ),
                Panel(
                    title="Store lag",
                    text="Age of the oldest record that waits for the database. Above a minute: SameweightsStoreBehind. The log "
                    "has the database's error.",
                    unit="s",
                    line=60,
                    queries=(q("max by (instance) (sameweights_store_lag_seconds{<own>})", "{{instance}}"),),
                ),
            ),
        ),
        (
            "What it costs",
            (
                Panel(
                    title="Time that the proxy adds before a request is sent",
                    text="Median and 99th percentile. Above the line: the machine is too small, or other processes use its CPU.",
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
                    text="How late the slowest data-plane process woke up. Above the line clients notice it: add workers or CPU.",
                    unit="s",
                    line=0.1,
                    queries=(q("max by (instance) (sameweights_loop_lag_seconds{<own>})", "{{instance}}"),),
                ),
                Panel(
                    title="Requests by data-plane process",
                    text="The load is even if the lines are close together. A process far above the others has few connections "
                    "with much traffic: let clients open more connections.",
                    unit="reqps",
                    queries=(
                        q(
                            "sum by (instance, worker) (rate(sameweights_worker_requests_total{<own>}[$__rate_interval]))",
                            "{{instance}} {{worker}}",
                        ),
                    ),
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
                    title="Requests refused, or not recorded",
                    text="Refused by the proxy itself: no route, too large, malformed. A steady rate means that a client is "
                    "misconfigured; the response it gets states the error. Not recorded: clients that send "
                    "x-sameweights-record: off. Admin: connections to the admin port beyond `admin.clients`. TLS: "
                    "connections of clients without a handshake.",
                    unit="reqps",
                    queries=(
                        q(
                            "sum by (instance) (rate(sameweights_refused_requests_total{<own>}[$__rate_interval]))",
                            "refused {{instance}}",
                        ),
                        q(
                            "sum by (instance) (rate(sameweights_unrecorded_requests_total{<own>}[$__rate_interval]))",
                            "not recorded {{instance}}",
                        ),
                        q(
                            "sum by (instance) (rate(sameweights_admin_refused_total{<own>}[$__rate_interval]))",
                            "admin {{instance}}",
                        ),
                        q(
                            "sum by (instance) (rate(sameweights_client_tls_failures_total{<own>}[$__rate_interval]))",
                            "TLS {{instance}}",
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
                    text="How long Prometheus waits for /metrics, and how much of that is rendering, which does not delay "
                    "requests. Above two seconds: too many series; `sameweights config check` prints how many there can be.",
                    unit="s",
                    line=2,
                    queries=(
                        q("max by (instance) (scrape_duration_seconds{<own>})", "whole {{instance}}"),
                        q("max by (instance) (sameweights_scrape_render_seconds{<own>})", "rendering {{instance}}"),
                    ),
                ),
                Panel(
                    title="Series exported",
                    text="By instance. It is bounded by the configuration and cannot be driven up by clients.",
                    unit="short",
                    queries=(q("max by (instance) (scrape_samples_scraped{<own>})", "{{instance}}"),),
                ),
                Panel(
                    title="Memory by process",
                    text="Resident memory. Memory that only grows for days is a fault of sameweights: report it.",
                    unit="bytes",
                    queries=(
                        q(
                            "sum by (instance, process, number) (process_resident_memory_bytes{<own>})",
                            "{{instance}} {{process}} {{number}}",
                        ),
                    ),
                ),
                Panel(
                    title="CPU by process",
                    text="Seconds of CPU a second: at 1 a process has a whole core. The audit at 1: raise shadow.audit_workers. "
                    "A proxy at 1: raise proxy.workers.",
                    unit="none",
                    width=8,
                    queries=(
                        q(
                            "sum by (instance, process, number) (rate(process_cpu_seconds_total{<own>}[$__rate_interval]))",
                            "{{instance}} {{process}} {{number}}",
                        ),
                    ),
                ),
                Panel(
                    title="Open descriptors, of the limit",
                    text="Each stream takes two. Near 1 new connections fail: raise the limit of open files (ulimit -n).",
                    unit="percentunit",
                    width=8,
                    top=1,
                    queries=(
                        q(
                            "max by (instance, process) (process_open_fds{<own>} / process_max_fds{<own>})",
                            "{{instance}} {{process}}",
                        ),
                    ),
                ),
                Panel(
                    title="Database",
                    text="Size with the write-ahead log; dashed: storage.max_bytes, if it is set. The oldest records are deleted "
                    "at that limit, and after storage.keep_days.",
                    unit="bytes",
                    width=8,
                    queries=(
                        q("max by (instance) (sameweights_database_bytes{<own>})", "{{instance}}"),
                        q("max by (instance) (sameweights_database_limit_bytes{<own>} > 0)", "limit {{instance}}", floor=True),
                    ),
                ),
                Panel(
                    title="Versions",
                    text="Version by instance. Two versions at once: a roll-out is under way, or was forgotten.",
                    unit="none",
                    kind="table",
                    width=24,
                    height=5,
                    queries=(q("sum by (instance, version, python) (sameweights_build_info{<own>})"),),
                    order=("instance", "version", "python"),
                ),
            ),
        ),
    ),
)
