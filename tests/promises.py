"""What is promised to those who put this in front of production: an id that marks its tests, the source, and one sentence each.

`tests/test_promises.py` holds this list against the tests both ways; docs/explanation/promises.md shows it with the measures.
"""

from typing import NamedTuple


class Promise(NamedTuple):
    """One promise: its id, the row of the table that it stands under, where it comes from, and the sentence."""

    id: str
    row: str
    source: str
    sentence: str


SAME = "what goes in comes out"
UNHELD = "the stream is not held back"
BROKEN = "a broken answer never looks complete"
HANG = "no hang: every request ends"
ONCE = "a POST is sent once"
LEAVES = "the client leaves, the bill stops"
MEMORY = "memory is bounded by settings, not by peers"
FRAMING = "nothing smuggled"
SHADOW = "the shadow cannot hurt"
KEYS = "keys stay apart"
EFFECTS = "effects are not doubled"
RECORDING = "recording never costs an answer"
WHOLE = "what is recorded is whole"
STOP = "a shutdown loses nothing"
SECRETS = "no secret at rest or on screen"
READER = "a hostile model cannot act on its reader"
LOCAL = "a web page cannot reach the local service"
METRICS = "a client cannot blow up the metrics"
STUDY = "a study measures providers and nothing else"
EVER = "it runs for ever"
DOCUMENTED = "the documentation is what happens"
ROWS = (
    *(SAME, UNHELD, BROKEN, HANG, ONCE, LEAVES, MEMORY, FRAMING, SHADOW, KEYS),
    *(EFFECTS, RECORDING, WHOLE, STOP, SECRETS, READER, LOCAL, METRICS, STUDY, EVER, DOCUMENTED),
)

PROMISES = (
    Promise(
        "transparency.differential",
        SAME,
        "RFC 9110 7.6",
        "A request and its answer are the same bytes directly and through the proxy.",
    ),
    Promise(
        "transparency.outbound",
        SAME,
        "RFC 9110 9.3.6",
        "Where the environment or a setting names an outbound proxy or certificates, requests, shadows and the webhook use them.",
    ),
    Promise(
        "transparency.answer", SAME, "RFC 9110 7.6", "Status, fields, framing and body of an answer reach the client as sent."
    ),
    Promise(
        "transparency.target",
        SAME,
        "RFC 9110 7.1",
        "Method, path and query go out as they came, encoded slashes and an empty query included.",
    ),
    Promise(
        "transparency.websocket",
        SAME,
        "RFC 6455",
        "A WebSocket passes byte for byte both ways; every other upgrade is left out, and a refused one is answered.",
    ),
    Promise(
        "transparency.fields",
        SAME,
        "RFC 9110 5.3",
        "Fields keep their order, case, repetition and bytes; none is added but Host and Connection.",
    ),
    Promise("transparency.body", SAME, "RFC 9112 6", "A body goes out unchanged, whether it can be read or not."),
    Promise(
        "routes.large",
        SAME,
        "the openai package",
        "A request is routed by its model even if a large picture comes before it.",
    ),
    Promise(
        "transparency.rename",
        SAME,
        "configuration",
        "A renamed model is replaced in place, and nothing else in the body changes.",
    ),
    Promise(
        "transparency.old",
        SAME,
        "RFC 9112 6.1",
        "An HTTP/1.0 client gets a stream without chunks that ends with its connection.",
    ),
    Promise("transparency.split", SAME, "RFC 9112 7.1", "The places where packets are cut have no effect."),
    Promise(
        "clients.python",
        SAME,
        "the openai package",
        "The Python client notices no difference, in answers, streams, tools, errors and retries.",
    ),
    Promise("clients.node", SAME, "the openai package", "The Node client notices no difference either."),
    Promise(
        "clients.apis",
        SAME,
        "the openai and anthropic packages",
        "Clients of the other APIs notice no difference, their answers are parsed, and an altered call is named.",
    ),
    Promise(
        "latency.first_byte",
        UNHELD,
        "Caddy flush_interval, nginx proxy_buffering",
        "Each piece reaches the client before the next one is sent.",
    ),
    Promise(
        "broken.never_whole",
        BROKEN,
        "RFC 9112 8",
        "An answer that breaks after its head breaks for the client too, in every framing.",
    ),
    Promise(
        "hang.named",
        HANG,
        "HAProxy timeouts",
        "A provider that cannot be reached, or breaks before its head, is named with the cause.",
    ),
    Promise("hang.connect", HANG, "HAProxy timeout connect", "A handshake that does not end is given up in the configured time."),
    Promise("hang.drip", HANG, "Toxiproxy bandwidth, slicer", "A slow sender is waited for: the total time has no limit."),
    Promise("hang.head", HANG, "HAProxy timeout http-request", "A client that does not finish its head in time is disconnected."),
    Promise("hang.continue", HANG, "RFC 9110 10.1.1", "A client that waits for 100 Continue gets it."),
    Promise("tls.checked", HANG, "RFC 9110 4.3.4", "Certificates and their names are checked."),
    Promise("tls.served", HANG, "RFC 8446 6.1", "The data port serves TLS, and renewed certificates without a restart."),
    Promise("once.post", ONCE, "nginx non_idempotent", "A POST is sent once, whatever the provider does."),
    Promise("once.stale", ONCE, "RFC 9112 9.3.1", "A connection that the provider closed while it was idle costs no request."),
    Promise("once.half_upload", ONCE, "RFC 9112 8", "An upload that breaks never looks complete to the provider."),
    Promise("once.refused_early", ONCE, "RFC 9112 9.5", "A provider may answer before the upload is over."),
    Promise(
        "leaves.closes",
        LEAVES,
        "LiteLLM #9178, #30244",
        "When the client leaves, the provider's connection is closed, at every stage.",
    ),
    Promise("leaves.quiet", LEAVES, "hermes-agent #64554", "A client that leaves is not an error, and is not logged."),
    Promise(
        "leaves.recorded",
        LEAVES,
        "design",
        "A client that leaves is recorded as one exchange with its reason, and affects no later request.",
    ),
    Promise("memory.bodies", MEMORY, "Envoy buffer limits", "Hundreds of megabytes pass either way in bounded memory."),
    Promise("memory.streams", MEMORY, "Envoy overload manager", "A thousand open streams keep the memory that is stated."),
    Promise("memory.reader", MEMORY, "Envoy write buffers", "A reader that reads nothing pauses its provider."),
    Promise(
        "memory.held",
        MEMORY,
        "design",
        "What is held for the audit is bounded in total; a body beyond it is forwarded and counted as not held.",
    ),
    Promise("memory.head", MEMORY, "CVE-2026-22815", "A head may be as long as its limit and no longer."),
    Promise(
        "limits.clients",
        MEMORY,
        "Envoy connection limits",
        "As many clients as the limit allows are served; one more is refused and counted.",
    ),
    Promise(
        "limits.admin",
        MEMORY,
        "Envoy's admin interface",
        "The admin port has as many connections as its limit allows; one more is refused and counted.",
    ),
    Promise("framing.refused", FRAMING, "RFC 9112 11.2, HTTP Garden", "What two readers could read differently is refused."),
    Promise(
        "framing.nothing_upstream",
        FRAMING,
        "RFC 9112 11.2",
        "No byte of a refused request goes upstream, and its connection is closed.",
    ),
    Promise("framing.count", FRAMING, "arXiv 2405.17737", "At least a hundred classes of ambiguous framing are tried."),
    Promise(
        "framing.lenient",
        FRAMING,
        "RFC 9112 2.2, 6.3, 7.1.1",
        "Unusual framing that every parser reads in the same way passes unchanged; the rest is refused at once.",
    ),
    Promise("framing.pipelined", FRAMING, "RFC 9112 9.3.2", "What follows a whole request is the next one, and only that."),
    Promise("framing.clean", FRAMING, "RFC 9112 3", "What is read leniently is forwarded in strict form."),
    Promise("framing.hop", FRAMING, "RFC 9110 7.6.1", "Fields of this hop, and those that Connection names, are not forwarded."),
    Promise("framing.unasked", FRAMING, "aiohttp #13656", "An answer without a request reaches no client."),
    Promise(
        "shadow.unfelt", SHADOW, "Envoy request mirroring", "A reference that never answers has no effect on the application."
    ),
    Promise(
        "shadow.bounded", SHADOW, "Envoy circuit breakers", "Shadows in flight are bounded; those beyond are dropped and counted."
    ),
    Promise(
        "shadow.candidates",
        SHADOW,
        "Envoy request mirroring",
        "A candidate that is down, slow or refuses is a recorded result, and delays neither the application nor another pair.",
    ),
    Promise(
        "shadow.burst",
        SHADOW,
        "design",
        "A burst is sampled like other traffic: at least 99 % of its sample is sent to the reference.",
    ),
    Promise(
        "budget.kept",
        SHADOW,
        "design",
        "What references may cost in a period is spent once, whatever process is killed or restarted meanwhile.",
    ),
    Promise(
        "money.known",
        SHADOW,
        "vercel/ai #12425",
        "What answers cost is the same money in metrics, records, budget and report, and what is not known is counted, never 0.",
    ),
    Promise("shadow.hostile", SHADOW, "OWASP API10", "Whatever a reference sends is a recorded result."),
    Promise(
        "shadow.most",
        SHADOW,
        "OWASP API4",
        "No more of a reference's answer is read than `shadow.max_body`, for no longer than `shadow.timeout`.",
    ),
    Promise(
        "shadow.unmarked",
        SHADOW,
        "design",
        "A shadow, a control and a greedy copy have the header fields of the request they copy, less its credentials.",
    ),
    Promise("shadow.reset", SHADOW, "Toxiproxy reset_peer", "A reference that breaks is recorded as broken."),
    Promise("shadow.redirect", SHADOW, "OWASP API7", "A redirect is never followed."),
    Promise(
        "keys.apart",
        KEYS,
        "LiteLLM #37053",
        "The reference gets its own key and nothing of the client's; the provider never gets the reference's.",
    ),
    Promise(
        "effects.once",
        EFFECTS,
        "design",
        "A request that has effects, is stored by the provider, or is not known to be free of effects is not sent a second time.",
    ),
    Promise("audit.killed", RECORDING, "design", "A killed audit process costs no request and comes back."),
    Promise("audit.stopped", RECORDING, "design", "A suspended audit has no effect on traffic, and continues where it stopped."),
    Promise(
        "plane.crash", RECORDING, "nginx master and workers", "A killed data plane is restarted, and its port is never closed."
    ),
    Promise(
        "children.restarted",
        RECORDING,
        "systemd, `Restart=always`",
        "A child that ends, hangs or cannot start is restarted, whatever the state of the log and the descriptors.",
    ),
    Promise(
        "audit.accounted",
        RECORDING,
        "design",
        "Every exchange that ended is stored or counted as lost, once, whichever process is killed when.",
    ),
    Promise(
        "fleet.accounted",
        RECORDING,
        "design",
        "With a broker, every exchange that ended is stored once or counted as lost, whichever server or process is killed.",
    ),
    Promise(
        "fleet.judged",
        RECORDING,
        "design",
        "Of several auditing processes one judges: whatever is killed or stopped, each pair is judged once, as by one process.",
    ),
    Promise(
        "fleet.shadowed",
        RECORDING,
        "design",
        "With a broker no request is shadowed twice; shadows under way in a killed process are lost, and no others.",
    ),
    Promise(
        "fleet.apart", RECORDING, "design", "A broker that is unreachable costs no request, and what waits for it is bounded."
    ),
    Promise(
        "fleet.checked", DOCUMENTED, "design", "A broker that cannot be used as configured is refused in a sentence at the start."
    ),
    Promise(
        "fleet.composed",
        DOCUMENTED,
        "design",
        "The commands, environment and files of the fleet's compose.yaml store, judge once, and fill each panel of Fleet.",
    ),
    Promise(
        "store.full",
        RECORDING,
        "SQLite's I/O error tests",
        "A full disk costs no answer, is counted, and is reported by /readyz.",
    ),
    Promise("store.server", RECORDING, "design", "A PostgreSQL server that stops costs no answer; its losses are counted."),
    Promise(
        "store.upgraded",
        WHOLE,
        "design",
        "Records of older versions are brought up to date at the start, and those of a newer one are refused and not changed.",
    ),
    Promise(
        "store.backup",
        DOCUMENTED,
        "design",
        "The documented backup, taken while records are written, restores to the same report.",
    ),
    Promise("store.resumes", RECORDING, "design", "Recording resumes when there is room again."),
    Promise(
        "audit.slow",
        RECORDING,
        "nginx mirror, Envoy request mirroring",
        "An audit that cannot keep up has no effect on traffic, and every exchange is audited or counted as dropped.",
    ),
    Promise(
        "recording.spans",
        RECORDING,
        "OTLP 1.x",
        "A silent OTLP endpoint costs no answer and no record; dropped spans are counted, and the data plane is not involved.",
    ),
    Promise(
        "store.read_only",
        RECORDING,
        "SQLite's I/O error tests",
        "A database that cannot be written costs no answer, and is reported by name.",
    ),
    Promise(
        "store.damaged", RECORDING, "SQLite's corruption tests", "A damaged database costs no answer, and is reported by name."
    ),
    Promise(
        "store.gone",
        RECORDING,
        "design",
        "A database file that is moved or deleted costs no answer, is noticed within a minute and created again.",
    ),
    Promise("store.locked", RECORDING, "SQLite busy handling", "A locked database costs no answer."),
    Promise(
        "store.killed", WHOLE, "SQLite's crash tests", "Kills under load leave a sound database, without half rows or doubles."
    ),
    Promise("clock.jumps", WHOLE, "design", "A clock that jumps changes no duration."),
    Promise(
        "local.grants",
        LOCAL,
        "configuration",
        "A token for figures opens no page with words, and one of a tenant those of no other tenant.",
    ),
    Promise(
        "tenants.refused",
        KEYS,
        "configuration",
        "With tenants a request without the key of one, or by a route that is not its own, is refused; no answer has a key.",
    ),
    Promise(
        "tenants.budget",
        SHADOW,
        "design",
        "The shadow requests of a tenant end at its own budget, across kills and restarts, and those of the others go on.",
    ),
    Promise(
        "tenants.apart",
        KEYS,
        "configuration",
        "A tenant's key is not forwarded; its pairs and figures are found by its name, and nothing of a refused client "
        "is stored.",
    ),
    Promise(
        "audit.sampled_rows",
        WHOLE,
        "configuration",
        "Where rows are sampled every request is counted, every pair is kept, and the report states the share.",
    ),
    Promise("audit.whole", WHOLE, "design", "A sampled request is answered, paired, stored, shown and counted."),
    Promise(
        "audit.fitted",
        WHOLE,
        "configuration",
        "Each provider gets the request that its table describes; each alteration is stored with the pair and shown on its page.",
    ),
    Promise("audit.unread", WHOLE, "design", "What cannot be read is reported as not measured."),
    Promise(
        "sample.secret",
        WHOLE,
        "design",
        "Which requests are compared cannot be computed by a provider, and does not depend on what it answers.",
    ),
    Promise("audit.drift", WHOLE, "design", "A provider that drifts is named and dated, a faithful one is not."),
    Promise("audit.upstreams", WHOLE, "design", "A broken server behind a router is named, and no other one."),
    Promise("audit.history", WHOLE, "design", "Drift in the past is found, noise is not."),
    Promise("audit.alerts", WHOLE, "design", "Prometheus gets an alert only about the faulty provider."),
    Promise("stop.drains", STOP, "nginx SIGQUIT", "A shutdown lets running streams finish within the grace and exits with 0."),
    Promise("stop.recorded", STOP, "design", "What ended before a shutdown is recorded."),
    Promise("stop.bounded", STOP, "Envoy drain time", "A shutdown ends soon after the grace, whatever hangs."),
    Promise("stop.second_signal", STOP, "nginx SIGTERM", "A second signal ends every process at once."),
    Promise("reload.routes", STOP, "nginx SIGHUP", "Other providers and routes are applied without breaking a stream."),
    Promise(
        "reload.tenants",
        STOP,
        "nginx SIGHUP",
        "Tenants are added, changed and removed by a reload; a removed key is refused at once, on connections that are open too.",
    ),
    Promise(
        "reload.fault", STOP, "nginx SIGHUP", "A configuration that cannot be used changes nothing, and its errors are reported."
    ),
    Promise("reload.everywhere", STOP, "nginx SIGHUP", "A reload reaches every part of the audit: pairs, verdicts, pages."),
    Promise("stop.parent", STOP, "design", "A serve whose parent was killed stops in order, if it was started with --attached."),
    Promise("secrets.nowhere", SECRETS, "LiteLLM #906", "No key is found in any file, page, metric, log or command line."),
    Promise("secrets.echoed", SECRETS, "LiteLLM #39964", "A key that the provider echoes reaches only the client."),
    Promise("secrets.forwarder", SECRETS, "design", "Credentials never leave the forwarder."),
    Promise(
        "secrets.patterns",
        SECRETS,
        "OWASP LLM02",
        "What looks like a credential in a prompt or an answer is neither stored nor shown.",
    ),
    Promise(
        "secrets.spans",
        SECRETS,
        "OpenTelemetry GenAI conventions 0.1.0",
        "No key is in the spans that are sent, and a prompt only where `otel.content` is `full`, redacted as in the store.",
    ),
    Promise(
        "privacy.unrecorded",
        SECRETS,
        "design",
        "A request with x-sameweights-record: off is counted, and nothing of it is stored.",
    ),
    Promise(
        "privacy.hash", SECRETS, "design", "With hashed bodies no word is stored, and comparing again gives the same result."
    ),
    Promise(
        "privacy.forget",
        SECRETS,
        "GDPR article 17",
        "Forgotten records are gone from the bytes of the database, even while serve runs.",
    ),
    Promise(
        "privacy.retention",
        SECRETS,
        "SQLite secure_delete, wal_checkpoint",
        "What retention deletes is gone from the bytes of the database and of its log.",
    ),
    Promise(
        "privacy.modes", SECRETS, "design", "Only their owner can access files with records and the socket of the exchanges."
    ),
    Promise(
        "privacy.opt_out",
        SECRETS,
        "design",
        "A request with x-sameweights-shadow: off is sent to no reference; it is recorded and counted.",
    ),
    Promise(
        "reader.page",
        READER,
        "Helicone #5588",
        "Model text on a page is only text: no element, script, style or address in it takes effect.",
    ),
    Promise("reader.agents", READER, "OWASP LLM01", "Model text reaches an agent only in members that are marked as recorded."),
    Promise("reader.terminal", READER, "OWASP LLM05", "Model text in a terminal moves no cursor."),
    Promise("local.host", LOCAL, "CVE-2025-66416", "A foreign Host or Origin is refused."),
    Promise(
        "local.keys",
        LOCAL,
        "W3C Fetch Metadata",
        "A web page that was not allowed spends no key of the operator, by request, by WebSocket or by a rebound name.",
    ),
    Promise("local.token", LOCAL, "design", "Beyond loopback no page of the admin port is shown without a token."),
    Promise("local.reading", LOCAL, "design", "The admin port changes something only through a form of its own pages."),
    Promise(
        "metrics.closed",
        METRICS,
        "Prometheus on labels",
        "Thousands of hostile names create no series, and the text stays readable.",
    ),
    Promise(
        "studies.tasks",
        STUDY,
        "Same Weights, Different Results",
        "All providers are treated alike: an error is not a score, a broken world is not a provider's fault, one run "
        "gives no verdict.",
    ),
    Promise(
        "studies.servers",
        STUDY,
        "Model Context Protocol 2025-11-25, 2026-07-28",
        "Each run has its own tool servers, on its own copy of the data; no key of ours, and no run before it, is seen there.",
    ),
    Promise("runs.on", EVER, "design", "Under mixed load nothing fails, and memory, descriptors and tasks do not grow."),
    Promise(
        "choice.proven",
        STUDY,
        "design",
        "A tournament proves an equal candidate and never a broken one, and a kill in its middle loses nothing.",
    ),
    Promise(
        "studies.verdict",
        STUDY,
        "design",
        "A replay passes the faithful provider, fails the broken one, and reports one that is down as not measured.",
    ),
    Promise(
        "studies.apart",
        STUDY,
        "design",
        "A study beside a running serve moves no live number, alarm or metric; a plan opens no socket, and its ceiling is kept.",
    ),
    Promise(
        "studies.resumed",
        STUDY,
        "K2-Vendor-Verifier --incremental",
        "A stored answer is never requested again, and a resumed study has the verdict of an uninterrupted one.",
    ),
    Promise(
        "dossier.recomputed",
        DOCUMENTED,
        "design",
        "The figures of a dossier can be recomputed from its files, without code of sameweights.",
    ),
    Promise("docs.tutorial", DOCUMENTED, "design", "The commands of the tutorial run, and print what the page shows."),
)
