"""Each object that changes shows where it stands in its repr, without keys and without texts of requests."""

import asyncio
import gc
import zlib
from types import SimpleNamespace

import pytest
from prometheus_client import CollectorRegistry, Gauge

from proxy.client.body_beginning import BodyReader
from proxy.client.body_framing import ChunkedBody
from proxy.client.client_listener import ClientListener
from proxy.client.client_request import ClientRequest
from proxy.client.head_buffer import HeadBuffer
from proxy.client.head_memo import HeadMemo
from proxy.client.read_pauses import ReadPauses
from proxy.client.request_body import RequestBody
from proxy.client.response_writer import ResponseWriter
from proxy.client.upload import Upload
from proxy.content_coding import CODINGS, _Zlib
from proxy.exchange import Role
from proxy.forwarding.forward import Forward
from proxy.forwarding.live_request import LiveRequest
from proxy.process.parent_watchdog import HeartbeatWatch, ParentWatchdog
from proxy.process.shared_counters import SharedCounters
from proxy.process.standard_streams import ErrorStream
from proxy.provider_config import Limits, ProxyConfig, Timeouts
from proxy.record.capture import Capture, _Stowed
from proxy.record.exchange_sender import _Socket
from proxy.record.held_bodies import HeldBytes
from proxy.record.record_completion import RecordCompletion
from proxy.record.recorded_head import RecordedHead
from proxy.routing.model_scan import ModelScan
from proxy.routing.request_fitting import _Parts
from proxy.secret_masking import SearchBudget
from proxy.server import DataPlane
from proxy.upstream.chunked_body import ChunkEvents, ChunkReader, ExtendedChunks
from proxy.upstream.dialer import Dialer
from proxy.upstream.header_layout import layout_of
from proxy.upstream.response_reader import ResponseReader
from proxy.upstream.tls_reads import _Unasked
from proxy.upstream.upstream_client import DiscardingReader, UpstreamClient
from proxy.upstream.upstream_connection import UpstreamConnection
from proxy.worker_stats import WorkerStats
from shadow.drift.admission import Admission
from shadow.drift.recent_coverage import RecentCoverage
from shadow.identity.serving_identity import ServingIdentity
from shadow.judging.witnesses import _Identities
from shadow.metrics.label_names import LabelNames
from shadow.metrics.observe import Metrics
from shadow.metrics.series import BulkCounter, BulkHistogram, CachedChildren, RoundGauge, WorkerTotals
from shadow.pages.build_share import BuildShare
from shadow.pages.connection_limiter import ConnectionLimiter
from shadow.pages.live_feed import LiveFeed
from shadow.pages.metrics_endpoint import MetricsEndpoint
from shadow.pages.page_set import PageSet
from shadow.pages.page_threads import PageThreads
from shadow.pages.period_figures import PeriodFiguresCache
from shadow.pipeline.fetcher_client import InProcessFetcher
from shadow.sampling.budget import Budget
from shadow.sampling.conversations import Conversations
from shadow.settings.top_level_config import Config
from tests.wires import STREAM_HEAD, Kept, chunks, client, plane, scripted

CONFIG = Config.model_validate({"proxy": {"providers": {"near": {"base_url": "http://near.example/v1", "models": {"m": "n"}}}}})


def scanned():
    scan = ModelScan()
    for _ in scan.feed(b'{"model": "m", "messages": [{'):
        pass
    return scan


def counted():
    row = SharedCounters().row(3)
    row.end()
    row.add("stored", 2)
    return row


def chunked():
    reader = ChunkReader(lambda _: None)
    reader.feed_data(b"5\r\nab")
    return reader


def begun_stream():
    stream = ErrorStream(2)
    stream.write("begun")
    return stream


def watched():
    watch = ParentWatchdog(lambda: None)
    watch.data_received(b'{"order')
    return watch


def discarding():
    reader = DiscardingReader(10)
    reader.write(b"abc")
    return reader


def unread():
    kept = _Unasked()
    kept.data_received(b"abc")
    return kept


def admitted():
    admission = Admission()
    admission.admit(pair_id="a", fingerprint="f", conversation="c", at=1.0)
    return admission


def observed():
    serving = ServingIdentity()
    serving.observe({"server": "a"})
    return serving


def spent():
    budget = Budget(requests=5, tokens=0, money=1.5, period="day")
    budget.admit(0.0)
    budget.admit(0.0)
    budget.settle(0.0, tokens=10, money=0.5)
    return budget


def placed():
    memory = Conversations(b"s", most=9)
    memory.place(request_id="r", model="m", named="", body={}, messages=[{"role": "user", "content": "a secret"}])
    return memory


def histogram():
    made = BulkHistogram("score_ratio", "Scores.", ("provider",), (0.5, 1.0))
    made.note(("near",), [("text", 0.25)])
    return made


def stowed():
    made = _Stowed(0.0, 5)
    made.add([b"abc", b"defg"], [0.1, 0.2])
    return made


def reading():
    capture = Capture(identity="e", role=Role.PRIMARY, started=0.0, begun=0.0, limit=9, head=RecordedHead("POST", "/", ()))
    return BodyReader(SimpleNamespace(at_end=False), capture, Limits())


@pytest.mark.parametrize(
    ("make", "shown"),
    [
        (stowed, "<_Stowed size=7 marks=2 <KeptBody size=0 room=5>>"),
        (reading, "<BodyReader of <Capture e primary asked=0 answered=0> more=True>"),
        (lambda: _Zlib(zlib.MAX_WBITS, 8), "<_Zlib wbits=15 members_left=8 done=False>"),
        (lambda: CODINGS["br"](8), "<_Brotli done=False>"),
        (lambda: CODINGS["zstd"](8), "<_Zstd frames_left=8 done=False>"),
        (lambda: HeartbeatWatch(4), "<HeartbeatWatch beats=4 silent_looks=0>"),
        (watched, "<ParentWatchdog begun=7>"),
        (counted, "<CounterRow {'ended': 1, 'stored': 2}>"),
        (begun_stream, "<ErrorStream descriptor=2 begun=5 lost=0>"),
        (scanned, "<ModelScan read=29 settled=True model='m' stream=False>"),
        (lambda: _Parts(b"{", b"}"), "<_Parts members=0 left=0>"),
        (lambda: SearchBudget(7), "<SearchBudget left=7>"),
        (chunked, "<ChunkReader behind_data left=3 line=0>"),
        (ChunkEvents, "<ChunkEvents messages=0 ended=False pieces=0>"),
        (lambda: Dialer(1.0), "<Dialer known_names=0 lookups=0>"),
        (lambda: layout_of(((b"Date", b"d"), (b"Content-Length", b"3")), 0), "<HeaderLayout fields=2 lengths=(1,)>"),
        (discarding, "<DiscardingReader left=7>"),
        (unread, "<_Unasked came=3>"),
        (admitted, "<Admission <RecentNames 3 entries in 1 parts>>"),
        (lambda: RecentCoverage(["", "cut"], [True, False], {"cut": 1}), "<RecentCoverage latest=2 cached=1 counts={'cut': 1}>"),
        (observed, "<ServingIdentity answers=1 identity='' unsettled=[]>"),
        (lambda: _Identities(()), "<_Identities providers=[]>"),
        (lambda: LabelNames(CONFIG), "<LabelNames providers=1 models=1 learned=0>"),
        (histogram, "<BulkHistogram score_ratio series=0 held=1>"),
        (lambda: BulkCounter("a_total", "A.", ("provider",), ()), "<BulkCounter a series=0 held=0>"),
        (lambda: CachedChildren(lambda *_: None), "<CachedChildren children=0>"),
        (lambda: RoundGauge(Gauge("a", "A.", ("b",), registry=None)), "<RoundGauge children=0 set=0>"),
        (WorkerTotals, "<WorkerTotals workers=[]>"),
        (lambda: ConnectionLimiter(most=3, refused=print, clock=float), "<ConnectionLimiter open=0 most=3>"),
        (lambda: MetricsEndpoint(CollectorRegistry(), print), "<MetricsEndpoint rendering=[]>"),
        (lambda: LiveFeed(None, PageThreads()), "<LiveFeed open=0 most=8>"),
        (PageThreads, "<PageThreads most=2>"),
        (BuildShare, "<BuildShare paid=-inf>"),
        (lambda: PeriodFiguresCache(None), "<PeriodFiguresCache of []>"),
        (lambda: PageSet(None, CONFIG, CollectorRegistry()), "<PageSet <OverviewPage <PeriodFiguresCache of []>>>"),
        (spent, "<Budget day open=1 requests=1 tokens=10 money=0.5>"),
        (placed, "<Conversations seen=1 most=9>"),
    ],
)
def test_the_repr_of_an_object_has_its_state(make, shown):
    assert repr(make()) == shown


def test_an_object_that_is_made_of_others_shows_theirs():
    events = ChunkEvents()
    assert repr(ExtendedChunks(events)) == f"<ExtendedChunks <ChunkReader size left=0 line=0> {events!r}>"
    metrics = repr(Metrics(CollectorRegistry(), CONFIG))
    assert metrics == "<Metrics <LabelNames providers=1 models=1 learned=0> <DriftMetrics alarms=0> identities=0>"


async def test_the_parts_of_a_running_process_show_their_state():
    client = UpstreamClient(Timeouts(), Limits(), WorkerStats())
    assert repr(client).startswith("<UpstreamClient <ConnectionPool ")
    assert repr(InProcessFetcher(Timeouts(), Limits())).startswith("<InProcessFetcher <UpstreamClient ")
    plane = DataPlane(ProxyConfig.model_validate(CONFIG.proxy.model_dump()), Kept(), WorkerStats(worker=2))
    assert repr(plane).startswith("<DataPlane port=0 serving=False WorkerStats(worker=2")
    assert repr(_Socket(SimpleNamespace())) == "<_Socket full=False lost=False>"
    await asyncio.sleep(0)


LIVING = (
    *(ChunkedBody, ClientListener, ClientRequest, HeadBuffer, HeadMemo, ReadPauses, RequestBody, ResponseWriter, Upload),
    *(Forward, LiveRequest, HeldBytes, RecordCompletion, RecordedHead, ResponseReader, UpstreamConnection),
)


@pytest.mark.slow
async def test_every_object_of_an_exchange_in_progress_shows_its_state():
    async def script(wire):
        await wire.head()
        await wire.send(STREAM_HEAD + chunks(b"data: 1\n\n"))
        await wire.gone()

    async with scripted(script) as provider, plane(provider.url) as running, client(running.port) as asked:
        await asked.send(b"POST /v1/chat/completions HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n")
        await asked.until(b"data: 1\n\n")
        shown = {type(one): repr(one) for one in gc.get_objects() if type(one) in LIVING}
    assert set(shown) == set(LIVING)
    assert [kind.__name__ for kind, text in shown.items() if not text.startswith(f"<{kind.__name__}")] == []
