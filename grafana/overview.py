"""The dashboard *Overview*: which provider differs, in what, how much, since when; and whether the audit is reliable."""

from __future__ import annotations

from panels import SHOWN_STATE, WHO, Board, Column, Panel, q

SURE = "(sameweights:drift_excess:ratio{0}{{<sum>}} and sameweights:drift_z:{0}{{<sum>}} > 3.5)"
"""The excess of each signal that is beyond chance."""
WORST = f"topk by (provider, model) (1, max by (provider, model, signal) ({SURE.format('1d')}))"
"""The signal with the largest such excess over a day, for each provider and model."""
END = "max by (provider, model, signal) (sameweights:drift_excess:ratio1d{{<sum>}} {} sameweights:drift_margin:ratio1d{{<sum>}})"
"""One end of the 95 % interval of each signal's excess."""

OVERVIEW = Board(
    uid="sameweights-overview",
    title="sameweights / Overview",
    text="Which provider differs from its reference, in what, how much, since when; and whether the audit is reliable.",
    rows=(
        (
            "Providers",
            (
                Panel(
                    title="By provider and model, over a day",
                    text="State by the audit's sequential test; the signal with the largest excess beyond chance (z over 3.5), "
                    "with its 95 % interval as if pairs were independent; start of the drift; pairs; the largest share of "
                    "answers that failed one check in the last hour; times slower than the reference. `not measured` does "
                    "not mean `no difference`: the row below and `sameweights report` give the reason. A missing row was "
                    "never compared. Click a provider for its page.",
                    unit="percentunit",
                    kind="table",
                    width=24,
                    height=8,
                    none="-",
                    queries=(
                        q(SHOWN_STATE),
                        q(WORST),
                        q(f"{END.format('-')} and on (provider, model, signal) {WORST}"),
                        q(f"{END.format('+')} and on (provider, model, signal) {WORST}"),
                        q('1000 * min by (provider, model) (sameweights_drift_start_timestamp_seconds{<leg>, upstream=""})'),
                        q("max by (provider, model) (sameweights:drift_pairs:increase1d{<sum>})"),
                        q(
                            "max by (provider, model) (sameweights:checks_failed:increase1h{<sum>}"
                            " / (sameweights:checks:increase1h{<sum>} > 0))"
                        ),
                        q(
                            "max by (provider, model) (sameweights:time_to_first_token_seconds:slowdown30m{<sum>}"
                            " or sameweights:time_per_output_token_seconds:slowdown30m{<sum>})"
                        ),
                    ),
                    columns=(
                        Column(name="state", unit="none", states=True),
                        Column(name="excess", steps=((0.0, "orange"), (0.02, "red"))),
                        Column(name="from"),
                        Column(name="to"),
                        Column(name="since", unit="dateTimeFromNow"),
                        Column(name="pairs", unit="locale", decimals=0),
                        Column(name="faults", steps=((0.01, "orange"), (0.1, "red"))),
                        Column(name="slower", unit="suffix:x", steps=((2, "orange"),)),
                    ),
                    order=("provider", "model", "state", "signal", "excess", "from", "to", "since", "pairs", "faults", "slower"),
                    widths=(
                        *(("model", 150), ("state", 180), ("signal", 160), ("excess", 80), ("from", 80), ("to", 80)),
                        *(("since", 140), ("pairs", 90), ("faults", 80), ("slower", 80)),
                    ),
                ),
            ),
        ),
        (
            "Is the audit reliable?",
            (
                Panel(
                    title="Compared",
                    text="Share of the shadow requests of the last hour that gave a pair that could be compared, of all "
                    "providers together; a failed response is not compared. Low: Audit health has the reasons. No value: "
                    "nothing was shadowed.",
                    unit="percentunit",
                    kind="stat",
                    width=4,
                    height=4,
                    top=1,
                    steps=((0.5, "green"),),
                    least="orange",
                    none="nothing shadowed",
                    queries=(
                        q(
                            "clamp_max(sum(max by (job, provider, model) "
                            "(sameweights:divergence_cross:increase1h{<job>, <whole>}))"
                            " / (sum(sameweights:shadows:increase1h{<job>}) > 0), 1)"
                        ),
                    ),
                ),
                Panel(
                    title="Dropped: concurrency limit",
                    text="Sampled requests of the last hour that found no free slot. Above the line: raise shadow.concurrency; "
                    "until then the comparison favours quiet hours.",
                    unit="percentunit",
                    kind="stat",
                    width=4,
                    height=4,
                    line=0.2,
                    none="nothing sampled",
                    queries=(
                        q(
                            "sum(sameweights:shadows_dropped:increase1h{<job>})"
                            " / (sum(sameweights:shadows_dropped:increase1h{<job>})"
                            " + sum(sameweights:shadows:increase1h{<job>}) > 0)"
                        ),
                    ),
                ),
                Panel(
                    title="Reference errors",
                    text="Requests to references that were refused or failed, in five minutes. Above the line nothing can be "
                    "compared: the first lines of `sameweights report` have the status and what to do.",
                    unit="percentunit",
                    kind="stat",
                    width=4,
                    height=4,
                    line=0.5,
                    none="no request",
                    queries=(
                        q(
                            'sum(sameweights:failures_and_refusals:increase5m{<job>, role=~"shadow|control"})'
                            ' / (sum(sameweights:requests:increase5m{<job>, role=~"shadow|control"}) > 0)'
                        ),
                    ),
                ),
                Panel(
                    title="Budget left",
                    text="The smallest share that is left of a limit of the period (requests, tokens, money). At 0 nothing "
                    "more is compared until it ends.",
                    unit="percentunit",
                    kind="stat",
                    width=4,
                    height=4,
                    top=1,
                    steps=((0.1, "green"),),
                    least="orange",
                    none="no limit set",
                    queries=(q("min(sameweights_shadow_budget_left{<own>} / (sameweights_shadow_budget{<own>} > 0))"),),
                ),
                Panel(
                    title="Lost records",
                    text="Exchanges and pairs that the audit lost in 15 minutes; the traffic itself is not affected. Above 0: "
                    "Audit health has the reason.",
                    unit="locale",
                    kind="stat",
                    width=4,
                    height=4,
                    line=1,
                    queries=(q("sum(sameweights:lost:increase15m{<job>})"),),
                ),
                Panel(
                    title="Last comparison",
                    text="Time since the last pair of any provider. Far above the time between your sampled requests: nothing is "
                    "compared now, and the table above is out of date.",
                    unit="s",
                    kind="stat",
                    width=4,
                    height=4,
                    line=3600,
                    none="never",
                    queries=(q("clamp_min(min(time() - sameweights_last_comparison_timestamp_seconds{<leg>}), 0)"),),
                ),
            ),
        ),
        (
            "Since when",
            (
                Panel(
                    title="Excess over the reference's own noise, last hour",
                    text="The worst signal of each provider beyond chance (z over 3.5), else 0; Divergence shows all signals. "
                    "The grey band is the noise: how often chance alone makes an answer the odd one, measured on the reference "
                    "itself. SameweightsDrift fires if a provider stays above the line and the evidence is strong enough.",
                    unit="percentunit",
                    line=0.02,
                    bottom=None,
                    height=9,
                    queries=(
                        q(
                            f"max by (provider, model) {SURE.format('1h')}"
                            " or max by (provider, model) (0 * (sameweights:drift_pairs:increase1h{<sum>} > 0))",
                            WHO,
                        ),
                        q(
                            'max by (model) (sameweights:drift_noise:ratio1h{<sum>, signal="answer_kind"})',
                            "noise of answer_kind / {{model}}",
                            band=True,
                        ),
                    ),
                ),
                Panel(
                    title="State",
                    text="By the audit's sequential test, the worst of a provider's routes. Blue marks: a provider's serving "
                    "identity changed (fingerprint, echoed model, headers). A drift that begins at a mark probably has this "
                    "cause.",
                    unit="none",
                    kind="state-timeline",
                    height=9,
                    bottom=None,
                    queries=(q(SHOWN_STATE, WHO),),
                ),
                Panel(
                    title="Evidence of the audit",
                    text="The sequential test on every pair, its strongest signal, in nats above the threshold: at 0 the state "
                    "becomes drift, wrongly about once in pairs_per_false_alarm pairs. Flat far below 0 is normal; look at a "
                    "line that climbs for hours before it reaches 0.",
                    unit="none",
                    line=0,
                    bottom=None,
                    queries=(q("max by (provider, model) (sameweights_drift_log_evidence{<leg>})", WHO),),
                ),
                Panel(
                    title="Serving identities",
                    text="A hash of what the answers reveal about their server, one for each provider and model. Two providers "
                    "with the same hash may be the same server. `sameweights report --full` and the page of the provider "
                    "show what it is made of.",
                    unit="none",
                    kind="table",
                    queries=(q("max by (provider, model, identity) (sameweights_serving_identity_info{<leg>})"),),
                    order=("provider", "model", "identity"),
                ),
            ),
        ),
        (
            "Traffic",
            (
                Panel(
                    title="Requests by outcome",
                    text="By status class or name of the failure. A sudden rise of 4xx after a release of the application is "
                    "usually caused by the application.",
                    unit="reqps",
                    width=8,
                    queries=(
                        q(
                            "sum by (provider, code) "
                            '(rate(sameweights_requests_total{<leg>, role="primary"}[$__rate_interval])) > 0',
                            "{{provider}} {{code}}",
                        ),
                    ),
                ),
                Panel(
                    title="Share of requests that fail",
                    text="5xx and connections without an answer, over five minutes. Half or more: route away.",
                    unit="percentunit",
                    width=8,
                    line=0.5,
                    top=1,
                    queries=(
                        q('sameweights:failures:ratio5m{<sum>, role="primary"}', WHO),
                        q('sameweights:failures:ratio5m{<job>, model=~"$model", role="shadow"}', f"reference {WHO}", floor=True),
                    ),
                ),
                Panel(
                    title="Errors by class",
                    text="The line without a class is the sum. context_overflow: a smaller context than promised. "
                    "tool_use_failed: the provider's own parser failed. rate_limit and auth are settled between you and the "
                    "provider and do not indicate other weights.",
                    unit="reqps",
                    width=8,
                    queries=(
                        q(
                            "sum by (provider, model, class) "
                            '(rate(sameweights_errors_total{<leg>, role="primary"}[$__rate_interval])) > 0 or '
                            'sum by (provider, model) (rate(sameweights_errors_total{<leg>, role="primary"}[$__rate_interval]))',
                            "{{provider}} / {{model}} {{class}}",
                        ),
                    ),
                ),
            ),
        ),
    ),
)
