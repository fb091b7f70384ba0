"""Measures each pure package: microseconds of CPU for a typical call, the best of several batches.

    .venv/bin/python bench/micro.py [WORD ...]

For finding what became slower between two commits on one machine; absolute figures are the machine's.
"""

import sys
import time
import timeit
from collections.abc import Callable, Iterator

from talk import Speaker, exchange, stream, turns

from proxy.client.head_memo import HeadMemo
from proxy.errors import RequestError
from proxy.exchange import Role
from proxy.packing import pack, pack_stats, unpack
from proxy.provider_config import Provider, ProxyConfig
from proxy.record import credential_removal
from proxy.record.capture import Capture
from proxy.record.recorded_head import RecordedHead
from proxy.routing.body_peek import peek
from proxy.routing.header_rules import HeaderFields, control, outgoing, remembered
from proxy.routing.provider_origin import parse_base_url
from proxy.routing.routing_table import RoutingTable
from proxy.upstream.response_consumer import HeadRewrite
from proxy.upstream.response_head import read_head
from proxy.upstream.response_reader import ResponseReader
from proxy.worker_stats import WorkerStats
from shadow.checks.registry import CHECKS, check
from shadow.compare.comparators import COMPARATORS, compare
from shadow.drift.excess_estimates import ClusteredPayoff, scorecard
from shadow.drift.payoff import needs_control, payoffs
from shadow.findings.pair import Pair, PairKind
from shadow.identity.request_shape import request_shape
from shadow.identity.serving_identity import traits
from shadow.measures.text_similarity import text_similarity
from shadow.metrics.label_names import LabelNames
from shadow.pipeline.clock_guard import ClockJumpGuard
from shadow.presentation.alignment import align_texts
from shadow.presentation.call_tables import call_tables
from shadow.presentation.exchange_view import exchange_view
from shadow.presentation.request_view import request_view
from shadow.presentation.visible_text import plain
from shadow.privacy.privacy_policy import PrivacyPolicy
from shadow.privacy.pseudonymise import Pseudonymiser
from shadow.privacy.redact import Redactor
from shadow.reading.parsed_exchange import parse_exchange, parse_shadow_exchange
from shadow.reading.parsed_request import fingerprint, parse_request
from shadow.reading.parsed_response import parse_response
from shadow.reading.sse import events
from shadow.records import exchange_record, pack_marks, unpack_marks
from shadow.sampling.conversations import Conversations
from shadow.sampling.eligibility import skip_reason
from shadow.sampling.sampler import decide
from shadow.sampling.shadow_body import shadow_body
from shadow.settings.config_errors import ConfigErrorItem, ConfigSource, sentences
from shadow.settings.config_template import STARTER
from shadow.settings.cross_checks import RawConfig, cross_check
from shadow.settings.environment_and_flags import from_environment
from shadow.settings.toml_lines import key_lines
from shadow.settings.top_level_config import Config
from storage.body_compression import BodyCompressor, compress_against
from storage.prepared_records import RecordPreparer
from storage.rollup_keys import keys

Step = Callable[[], object]
SPEAKER = Speaker()
SAID = turns(SPEAKER, 12)
BODY = SAID[-1]
REQUEST = (
    (b"Host", b"localhost"),
    (b"Authorization", b"Bearer key"),
    (b"Content-Type", b"application/json"),
    (b"Content-Length", b"9"),
)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\nx-request-id: 7\r\n\r\n"


class Nowhere:
    """A reader of an answer that keeps nothing."""

    def begin(self, head: object) -> HeadRewrite:  # noqa: ARG002 - the Protocol names it
        return HeadRewrite(head=b"")

    def write(self, data: bytes) -> None:
        """Nothing."""


def capture() -> Capture:
    return Capture(identity="1", role=Role.PRIMARY, started=1.0, begun=1.0, limit=2**21, head=RecordedHead("POST", "/v1/x", ()))


def proxy() -> Iterator[tuple[str, Step]]:
    router = RoutingTable(ProxyConfig(providers={"near": Provider(base_url="http://127.0.0.1:9/v1")}, provider="near"))
    origin = parse_base_url("https://api.example.com/v1")
    live = exchange("1", BODY, stream(SPEAKER, 300))
    packed = pack(live)
    chunk = b"%x\r\n%b\r\n" % (200, b"x" * 200)
    answer = ResponseReader(method="POST", limit=65_536, capture=capture(), reader=Nowhere())
    answer.feed(HEAD, 1.0)
    asked, head = HeaderFields.of(REQUEST), read_head(HEAD, "POST")
    raw = b"POST /v1/x HTTP/1.1\r\n" + b"".join(b"%b: %b\r\n" % pair for pair in REQUEST) + b"\r\n"
    heading = HeadMemo(raw)
    kept = capture()
    yield "peek: model and stream of a 20 KB body", lambda: peek(BODY)
    yield "route: choose", lambda: router.choose(model="m", provider_header="", target="/v1/chat/completions")
    yield "origin: target", lambda: origin.target("/v1/chat/completions")
    yield "headers: control", lambda: control(asked)
    yield "headers: outgoing", lambda: outgoing(asked, authority="h", key="k", length=9)
    yield "headers: remembered", lambda: remembered(asked)
    yield "framing: read a head, of a shape seen before", lambda: read_head(HEAD, "POST")
    yield "framing: rewrite it for the client", lambda: head.rewritten(chunked=True, connection="close")
    yield "framing: what is recorded of it", head.recorded
    yield "heading: read by both readers", lambda: HeadMemo(raw)
    yield "heading: the same again", lambda: heading.find(raw)
    yield "heading: towards a provider", lambda: heading.towards(origin, "/v1/x", key="k", key_field="")
    yield "parsing: one chunk of a stream, checked, passed on and captured", lambda: answer.feed(chunk, 2.0)
    yield "capture: one piece", lambda: kept.add(b"x" * 200, 2.0)
    shown, stats = credential_removal.forms([b"sk-abcdefghijklmnop"]), WorkerStats(worker=0, pid=1)
    yield "credentials: an exchange cleared of one", lambda: credential_removal.cleared(live, shown)
    yield "errors: the body of a refusal", lambda: RequestError(413, "too_large", "too large").body()
    yield "worker statistics: packed", lambda: pack_stats(stats)
    yield "packing: pack, 300 chunks", lambda: pack(live)
    yield "packing: unpack, 300 chunks", lambda: unpack(packed)


def reading() -> Iterator[tuple[str, Step]]:
    text, call = (exchange("1", BODY, stream(SPEAKER, 300, call=call)) for call in (False, True))
    ask = parse_request("/v1/chat/completions", (), BODY, truncated=False)
    yield "reading: split 300 events", lambda: events(text.response.body)
    yield "reading: an answer, 300 chunks of text", lambda: parse_response(text)
    yield "reading: an answer, 300 chunks of a tool call", lambda: parse_response(call)
    yield "reading: a request of 12 turns", lambda: parse_request("/v1/chat/completions", (), BODY, truncated=False)
    yield "reading: its fingerprint", lambda: fingerprint(ask)
    conversations = Conversations(bytes(32))
    placing = {"model": ask.model, "named": "", "body": ask.sent, "messages": ask.messages}
    yield "sampling: its conversation", lambda: conversations.place(request_id="1", **placing)


def judging() -> Iterator[tuple[str, Step]]:
    seen = parse_exchange(exchange("1", BODY, stream(SPEAKER, 300)))
    shadow = parse_shadow_exchange(exchange("2", BODY, stream(SPEAKER, 300), role=Role.SHADOW), seen)
    pair = Pair(kind=PairKind.CROSS, request=seen.request, subject=seen.answer, reference=shadow.answer)
    one, other = SPEAKER.text(300), SPEAKER.text(300)
    record = exchange_record(seen, outcomes=[], checks=check(seen.request, seen.answer))
    marks = seen.exchange.response.marks
    packed, prepare, compress = pack_marks(marks), RecordPreparer().prepare, BodyCompressor().compress
    yield "checks: all", lambda: check(seen.request, seen.answer)
    for signal, judge in CHECKS:
        yield f"checks: {signal.value}", lambda judge=judge: judge(seen.request, seen.answer.completion)
    yield "compare: a pair", lambda: compare(pair)
    for signal, judge in COMPARATORS:
        yield f"compare: {signal.value}", lambda judge=judge: judge(pair)
    yield "compare: likeness of two texts of 2 KB", lambda: text_similarity(one, other)
    yield "drift: wants a control", lambda: needs_control(seen.request, seen.answer, shadow.answer)
    yield "drift: payoffs", lambda: payoffs(seen.request, seen.answer, shadow.answer, None, tiebreak=True)
    yield "sampling: decide", lambda: decide(key="k", request_id="r", rate=0.05, control_fraction=0.1, secret=bytes(32))
    yield "sampling: eligible", lambda: skip_reason("POST", "/v1/chat/completions", seen.request.body)
    yield "sampling: the shadow's body", lambda: shadow_body(BODY, "m")
    yield "keep: an exchange's rows", lambda: exchange_record(seen, outcomes=[], checks=())
    yield "keep: 300 marks packed", lambda: pack_marks(marks)
    yield "keep: 300 marks unpacked", lambda: unpack_marks(packed)
    yield "storage: a body compressed alone", lambda: compress(BODY)
    yield "storage: a body compressed on the turn before", lambda: compress_against(BODY, SAID[-2])
    yield "storage: a record prepared", lambda: prepare(record)
    yield "storage: a record counted", lambda: keys(record)


def keeping() -> Iterator[tuple[str, Step]]:
    live = exchange("1", BODY, stream(SPEAKER, 300))
    seen = parse_exchange(live)
    shadow = parse_shadow_exchange(exchange("2", BODY, stream(SPEAKER, 300), role=Role.SHADOW), seen)
    pair = Pair(kind=PairKind.CROSS, request=seen.request, subject=seen.answer, reference=shadow.answer)
    record = exchange_record(seen, outcomes=[], checks=check(seen.request, seen.answer))
    redactor, pseudonymiser = Redactor(), Pseudonymiser(bytes(32), "talk")
    guard = PrivacyPolicy(redactor=redactor, key=bytes(32), bodies="full")
    names = LabelNames(Config(proxy=ProxyConfig(providers={"near": Provider(base_url="http://127.0.0.1:9/v1")}, provider="near")))
    yield "redact: an exchange", lambda: redactor.exchange(live)
    yield "redact: its rows", lambda: redactor.record(record)
    yield "pseudonymiser: an answer", lambda: pseudonymiser.response(seen, [])
    yield "privacy: an exchange's rows", lambda: guard.exchange_record(seen, outcomes=[], checks=())
    yield "names: a provider and a model", lambda: (names.provider("near"), names.model("bench"))
    yield "identity: traits of an answer", lambda: traits(seen.answer, declared={})
    yield "identity: the shape of a request", lambda: request_shape(pair)
    points = [
        ClusteredPayoff(group=("r", "m", "p", "q"), signal="answer_kind", conversation=f"{n // 5}", payoff=n % 3 - 1)
        for n in range(2_000)
    ]
    yield "drift: a scorecard of 2,000 payoffs", lambda: scorecard(points)


def telling() -> Iterator[tuple[str, Step]]:
    seen = parse_exchange(exchange("1", BODY, stream(SPEAKER, 300)))
    record = exchange_record(seen, outcomes=[], checks=check(seen.request, seen.answer))
    calls = parse_exchange(exchange("1", BODY, stream(SPEAKER, 300, call=True)))
    one, other = SPEAKER.text(300), SPEAKER.text(300)
    rows = [exchange_view(title, record.exchange, calls.answer, (), record.findings) for title in ("one", "other")]
    tables = {"proxy": {"provider": "near", "providers": {"near": {"base_url": "http://127.0.0.1:9/v1"}}}}
    draft = RawConfig(tables=tables, environ={}, serving=True)
    environ = {"SAMEWEIGHTS_PROXY__LISTEN": "127.0.0.1:1"}
    fault = ConfigErrorItem(path=("proxy", "listen"), sentence="is no address")
    yield "align: two texts of 2 KB", lambda: align_texts(one, other)
    yield "visible: a text of 2 KB", lambda: plain(one)
    yield "pages: one answer", lambda: exchange_view("one", record.exchange, seen.answer, (), record.findings)
    yield "calls: two answers", lambda: call_tables(rows)
    yield "asked: a request of 12 turns", lambda: request_view(seen.request, kept=True, size=len(BODY))
    yield "lines: a configuration", lambda: key_lines(STARTER)
    yield "overlay: the environment", lambda: from_environment(Config, environ, named=(), providers=())
    yield "crosscheck: a configuration", lambda: cross_check(draft)
    clocks = ClockJumpGuard(wall=1.0, monotonic=1.0)
    yield "steady: two clocks", lambda: clocks.is_stable(2.0, 2.0)
    yield "faults: a sentence", lambda: sentences([fault], ConfigSource(file="x.toml"))


def main() -> None:
    for room in (proxy, reading, judging, keeping, telling):
        for name, step in room():
            if len(sys.argv) > 1 and not any(word in name for word in sys.argv[1:]):
                continue
            timer = timeit.Timer(step, timer=time.process_time)
            number = max(1, int(0.02 / max(timer.timeit(3) / 3, 1e-7)))
            print(f"{min(timer.repeat(5, number)) / number * 1e6:10.2f} us  {name}")


if __name__ == "__main__":
    main()
