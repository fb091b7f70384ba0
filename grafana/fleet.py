"""The dashboard *Fleet*: backlogs between hosts, losses, which process judges, and how the store is written."""

from __future__ import annotations

from panels import WHO, Board, Panel, q

HOST = "{{instance}}"
STREAM = "{{stream}}"
STORED = 'sameweights_store_records_total{<own>, table="exchanges", result="stored"}'

FLEET = Board(
    uid="sameweights-fleet",
    title="sameweights / Fleet",
    text="Hosts that forward and hosts that audit, with a broker between them; empty without `[broker]`.",
    rows=(
        (
            "Backlog in the broker",
            (
                Panel(
                    title="Age of the backlog",
                    text="Age of the oldest exchange that no auditor has stored. Rising: too few auditors, or the store is "
                    "unreachable. Above the line: SameweightsBacklogOld.",
                    unit="s",
                    width=6,
                    line=300,
                    queries=(q("max by (stream) (sameweights_backlog_age_seconds{<own>})", STREAM),),
                ),
                Panel(
                    title="Fill level of streams",
                    text="A full stream refuses exchanges, which the forwarding hosts count as broker_full. Above the line: "
                    "SameweightsStreamFilling.",
                    unit="percentunit",
                    width=6,
                    line=0.8,
                    top=1,
                    queries=(
                        q(
                            "max by (stream) (sameweights_backlog_bytes{<own>} / (sameweights_backlog_limit_bytes{<own>} > 0))",
                            STREAM,
                        ),
                    ),
                ),
                Panel(
                    title="Waiting exchanges",
                    text="In the streams for the auditors (rising: too few of them; in a later format: upgrade them), and on the "
                    "hosts that forward.",
                    unit="short",
                    width=6,
                    queries=(
                        q("max by (stream) (sameweights_backlog_messages{<own>})", STREAM),
                        q("max by (stream) (sameweights_backlog_unreadable_messages{<own>}) > 0", f"in a later format {STREAM}"),
                        q("sum by (instance) (sameweights_publisher_queue_length{<own>})", f"not published yet {HOST}"),
                    ),
                ),
                Panel(
                    title="Clocks of the hosts",
                    text="Minus the broker's. Exchanges are stored with the time of their host; "
                    "/readyz names a difference of more than a minute.",
                    unit="s",
                    width=6,
                    queries=(q("max by (instance) (sameweights_broker_clock_offset_seconds{<own>})", HOST),),
                ),
            ),
        ),
        (
            "Forwarding hosts",
            (
                Panel(
                    title="Exchanges ended, published and stored",
                    text="The three lines should coincide: every exchange that ends is published, and every published one is "
                    "stored.",
                    unit="ops",
                    queries=(
                        q("sum(rate(sameweights_exchanges_ended_total{<own>}[$__rate_interval]))", "ended"),
                        q("sum(rate(sameweights_published_total{<own>}[$__rate_interval]))", "published"),
                        q(f"sum(rate({STORED}[$__rate_interval]))", "stored"),
                    ),
                ),
                Panel(
                    title="Exchanges lost, by reason",
                    text="inbox_full: broker.limit is reached; broker_full: a stream is full; broker_too_old: not acknowledged "
                    "within broker.patience; broker_too_large: beyond max_payload; undeliverable: delivered thirty times, "
                    "never stored.",
                    unit="ops",
                    queries=(
                        q(
                            "sum by (reason) (rate(sameweights_handover_dropped_total{<own>}[$__rate_interval])) > 0",
                            "{{reason}}",
                        ),
                    ),
                ),
                Panel(
                    title="Fill level of publishers",
                    text="Share of `broker.limit` in use. It rises while the broker is unreachable or slow.",
                    unit="percentunit",
                    top=1,
                    queries=(
                        q(
                            "max by (instance) (sameweights_publisher_queue_bytes{<own>} "
                            "/ (sameweights_publisher_limit_bytes{<own>} > 0))",
                            HOST,
                        ),
                    ),
                ),
                Panel(
                    title="Attempts to publish again",
                    text="Each carries the same id, so that the broker stores an exchange once.",
                    unit="ops",
                    queries=(q("sum by (instance) (rate(sameweights_publish_retries_total{<own>}[$__rate_interval]))", HOST),),
                ),
            ),
        ),
        (
            "Auditing hosts",
            (
                Panel(
                    title="Hosts connected to the broker",
                    text="1 is connected. At 0 for five minutes: SameweightsBrokerAway.",
                    unit="none",
                    top=1,
                    width=8,
                    queries=(q("min by (instance) (sameweights_broker_connected{<own>})", HOST),),
                ),
                Panel(
                    title="Exchanges delivered again",
                    text="After a killed auditor or a lost connection. stored_before and held_here cost nothing; audited were "
                    "not stored; undeliverable are given up and lost.",
                    unit="ops",
                    width=8,
                    queries=(
                        q("sum by (outcome) (rate(sameweights_redelivered_total{<own>}[$__rate_interval]))", "{{outcome}}"),
                    ),
                ),
                Panel(
                    title="Requests audited",
                    text="Live requests that the auditors have counted, by provider and model, all hosts together.",
                    unit="reqps",
                    width=8,
                    queries=(
                        q(
                            "sum by (provider, model) "
                            '(rate(sameweights_requests_total{<leg>, role="primary"}[$__rate_interval]))',
                            WHO,
                        ),
                    ),
                ),
            ),
        ),
        (
            "Judge and store",
            (
                Panel(
                    title="Process that judges",
                    text="1 for the process that judges the pairs of all processes that share its database, else 0. No process "
                    "for five minutes: SameweightsJudgeMissing.",
                    unit="none",
                    top=1,
                    width=8,
                    queries=(q("max by (instance) (sameweights_judge_lease{<own>})", HOST),),
                ),
                Panel(
                    title="Lag of the judge",
                    text="Time since the oldest pair without a judgement was answered; every auditor of a database measures the "
                    "same. Above the line: SameweightsJudgeBehind.",
                    unit="s",
                    width=8,
                    line=300,
                    queries=(q("max(sameweights_judge_lag_seconds{<own>})", "seconds"),),
                ),
                Panel(
                    title="Pairs waiting to be judged",
                    text="Stored but not judged yet. After a rebuild all pairs wait; in PostgreSQL at most 100,000 are counted.",
                    unit="short",
                    width=8,
                    queries=(q("max(sameweights_judge_waiting_pairs{<own>})", "pairs"),),
                ),
                Panel(
                    title="Store batches",
                    text="Transactions of records per second, by auditor. If they are many and small, raise storage.batch_rows.",
                    unit="ops",
                    width=8,
                    queries=(q("sum by (instance) (rate(sameweights_store_batches_total{<own>}[$__rate_interval]))", HOST),),
                ),
                Panel(
                    title="Records in a batch",
                    text="Exchanges and pairs that one transaction stores. PostgreSQL is faster with large batches.",
                    unit="short",
                    width=8,
                    queries=(
                        q(
                            'sum by (instance) (rate(sameweights_store_records_total{<own>, result="stored"}[$__rate_interval])) '
                            "/ (sum by (instance) (rate(sameweights_store_batches_total{<own>}[$__rate_interval])) > 0)",
                            HOST,
                        ),
                    ),
                ),
                Panel(
                    title="Time in which the store is written",
                    text="Share of the time in which an auditor's one writer works. Near 100 % the database is the bottleneck, "
                    "and the queue to it grows.",
                    unit="percentunit",
                    top=1,
                    width=8,
                    queries=(
                        q("sum by (instance) (rate(sameweights_store_batch_seconds_total{<own>}[$__rate_interval]))", HOST),
                    ),
                ),
            ),
        ),
    ),
)
