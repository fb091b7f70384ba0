"""proxy.record.record_completion: exchanges reach the sink cleared, in order, in steps; none is lost uncounted."""

import asyncio
import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.exchange import UNLABELLED, Exchange, Failure, FailureKind, Labels, Role
from proxy.packing import plain, unpack
from proxy.process.shared_counters import PLANE, SharedCounters
from proxy.record import credential_removal
from proxy.record.capture import Capture
from proxy.record.exchange_sender import ExchangeSender
from proxy.record.record_completion import RecordCompletion
from proxy.record.recorded_head import RecordedHead
from proxy.record.searched_secrets import SearchedSecrets
from proxy.worker_stats import WorkerStats
from tests.exchanges import exchange
from tests.running import until
from tests.written_keys import KEYS, WRITTEN

SECRET = b"sk-0123456789"
LARGE = b"y" * 2_000_000 + SECRET


class Took:
    waiting = 0

    def __init__(self):
        self.exchanges: list[Exchange] = []
        self.packed = 0
        self.losses: list[str] = []

    def offer(self, exchange):
        self.exchanges.append(exchange)
        return True

    def offer_packed(self, packed):
        self.packed += 1
        return self.offer(unpack(plain(packed.kind, b"".join(packed.parts))))

    def lost(self, reason):
        self.losses.append(reason)


class Raises:
    waiting = 0

    def offer(self, exchange):
        raise RuntimeError("a sink that fails")

    def offer_packed(self, packed):
        raise RuntimeError("a sink that fails")


def made_for(sink, limit=50_000_000):
    return RecordCompletion(sink, limit)


SECRETS = credential_removal.forms([SECRET, *[b"other-%04d" % number for number in range(20)]])


def steps(body):
    return sum(1 for _ in credential_removal.clearing(exchange(body), SECRETS))


async def test_an_ordinary_exchange_is_offered_at_once_and_cleared():
    sink = Took()
    offering = made_for(sink)
    offering.offer(exchange(b"my key is " + SECRET), SECRETS)
    assert sink.exchanges[0].response.body == b"my key is " + b"*" * len(SECRET)


def captured(asked, pieces, *, limit=200, status=200, headers=(), coded=False, labels=UNLABELLED, target="/v1/x", reason="OK"):
    head = RecordedHead("POST", target, (("Host", "h"), ("x-title", "t")), "Content-Length", (("Accept", "a"),))
    facts = {"identity": "0" * 28, "role": Role.PRIMARY, "started": 5.25, "begun": 10.0, "limit": limit}
    capture = Capture(**facts, head=head, length=str(len(asked)), labels=labels)
    capture.ask(asked)
    capture.sent(10.5, 0.25)
    capture.head(status, reason, headers, 11.0, coded=coded)
    for place, piece in enumerate(pieces):
        capture.add(piece, 12.0 + place / 7)
    return capture


def completed(made, secrets, failure=None):
    """What is remembered of a capture, and whether it was packed in one go."""
    sink = Took()
    offering = made_for(sink)
    made.secrets = SearchedSecrets(credential_removal.forms(secrets))
    offering.complete(made, failure, 20.0)
    offering.finish()
    return sink.exchanges[0], bool(sink.packed)


BODIES = st.binary(max_size=300)
PIECES = st.lists(st.binary(min_size=1, max_size=20_000), max_size=4)
TEXT = st.text(max_size=20)


@given(BODIES, PIECES, st.builds(Labels, model=TEXT, tag=TEXT, stream=st.booleans()), TEXT.filter(str.isprintable), st.booleans())
async def test_an_exchange_packed_in_one_go_is_what_two_steps_make_of_it(asked, pieces, labels, value, with_key):
    parts = {"labels": labels, "headers": (("x-request-id", value),), "reason": value, "limit": 50_000}
    got, in_one_go = completed(captured(asked, pieces, **parts), [SECRET] * with_key)
    assert got == captured(asked, pieces, **parts).end(20.0)
    assert in_one_go


PLACES = ("asked", "answered", "header", "reason", "tag", "conversation", "model", "target")


@given(KEYS, st.sampled_from(sorted(WRITTEN)), st.sampled_from(PLACES), BODIES)
async def test_no_key_is_remembered_however_it_is_written_and_wherever_it_stands(key, way, place, more):
    written = WRITTEN[way](key)
    text = written.decode()
    labels = UNLABELLED._replace(**({place: text} if place in Labels._fields else {}))
    made = captured(
        written if place == "asked" else more,
        [more, written if place == "answered" else b"{}"],
        limit=1_000,
        headers=(("x-request-id", text if place == "header" else "1"),),
        reason=text if place == "reason" else "OK",
        target=f"/v1/{text}" if place == "target" else "/v1/x",
        labels=labels,
    )
    before = made.end(20.0)
    got, _ = completed(made, [key])
    known = credential_removal.forms([key])
    assert got == credential_removal.cleared(before, known)
    texts = [got.request.target, got.response.reason, *got.labels.texts, *[value for _, value in got.response.headers]]
    assert all(written not in part for part in (got.request.body, got.response.body, *[text.encode() for text in texts]))


@pytest.mark.parametrize(
    ("more", "secrets", "in_one_go"),
    [
        ({}, [SECRET], True),
        ({"status": 399}, [SECRET], True),
        ({"status": 400}, [SECRET], False),
        ({"status": 400}, [], True),
        ({"limit": 8}, [SECRET], True),
        ({"limit": 7}, [SECRET], False),
        ({"limit": 7}, [], True),
        ({"coded": True}, [SECRET], False),
        ({"coded": True}, [], True),
        ({}, [b"/+/+/+/+"], False),
        ({}, [b"other-%04d" % number for number in range(64)], True),
        ({}, [b"other-%04d" % number for number in range(65)], False),
    ],
)
async def test_what_needs_a_closer_look_is_not_packed_in_one_go(more, secrets, in_one_go):
    got, packed = completed(captured(b"question", [b"answer"], **more), secrets)
    assert packed == in_one_go
    assert got.id == "0" * 28


async def test_key_in_a_packed_request_is_not_remembered():
    head = RecordedHead("POST", "/v1/x", (("content-encoding", "gzip"),))
    made = Capture(identity="1", role=Role.PRIMARY, started=0.0, begun=0.0, limit=999, head=head)
    made.ask(gzip.compress(b"my key is " + SECRET))
    made.head(200, "OK", (), 1.0)
    got, in_one_go = completed(made, [SECRET])
    assert (got.request.body, in_one_go) == (b"my key is " + b"*" * len(SECRET), False)


async def test_a_key_in_a_packed_answer_of_any_status_is_not_remembered():
    body = gzip.compress(b"your key is " + SECRET)
    got, _ = completed(captured(b"", [body], headers=(("content-encoding", "gzip"),), coded=True), [SECRET])
    assert got.response.body == b"your key is " + b"*" * len(SECRET)


async def test_a_failed_exchange_is_cleared_and_offered():
    broken = Failure(kind=FailureKind.CLOSED, detail="early", after_head=True)
    got, in_one_go = completed(captured(b"", [SECRET]), [SECRET], broken)
    assert (got.failure, got.response.body, in_one_go) == (broken, b"*" * len(SECRET), False)


async def test_a_length_that_is_not_in_digits_is_recorded_as_it_is():
    head = RecordedHead("GET", "/", (), "Content-Length")
    made = Capture(identity="1", role=Role.PRIMARY, started=0.0, begun=0.0, limit=9, head=head, length='5"')
    made.head(200, "OK", (), 1.0)
    assert completed(made, [])[0].request.headers == (("Content-Length", '5"'),)


async def test_a_large_one_is_cleared_in_steps_between_which_others_have_their_turn():
    sink = Took()
    offering = made_for(sink)
    offering.offer(exchange(LARGE), SECRETS)
    turns = 0
    while not sink.exchanges:
        await asyncio.sleep(0)
        turns += 1
    assert turns >= steps(LARGE) >= 40
    assert SECRET not in sink.exchanges[0].response.body


async def test_one_large_exchange_after_the_other_has_its_steps():
    sink = Took()
    offering = made_for(sink)
    for number in range(3):
        offering.offer(exchange(LARGE, tag=str(number)), SECRETS)
    offering.offer(exchange(b"", tag="small"), SECRETS)
    await until(lambda: len(sink.exchanges) == 4)
    assert [one.labels.tag for one in sink.exchanges] == ["small", "0", "1", "2"]


async def test_what_waits_is_offered_when_the_process_goes():
    sink = Took()
    offering = made_for(sink)
    for _ in range(2):
        offering.offer(exchange(LARGE), SECRETS)
    await asyncio.sleep(0)
    offering.finish()
    assert [SECRET in one.response.body for one in sink.exchanges] == [False, False]


@pytest.mark.parametrize(("limit", "taken"), [(4_000_030, 2), (4_000_025, 1)])
async def test_beyond_the_limit_an_exchange_is_dropped_and_counted(limit, taken):
    sink = Took()
    offering = made_for(sink, limit)
    for _ in range(2):
        offering.offer(exchange(LARGE, request=b""), SECRETS)
    offering.finish()
    assert (len(sink.exchanges), sink.losses) == (taken, [] if taken == 2 else ["audit_slow"])


async def test_a_sink_that_raises_is_logged_and_costs_nothing_else(caplog):
    offering = made_for(Raises())
    offering.offer(exchange(b""), SECRETS)
    offering.complete(captured(b"", [b"y"]), None, 20.0)
    assert [record.getMessage() for record in caplog.records] == ["exchange_not_handed_over"] * 2


def broken(*_arguments):
    raise RuntimeError("a fault of ours")


@pytest.mark.parametrize(("method", "failure"), [("packed", None), ("end", None), ("end", FailureKind.CLOSED)])
async def test_an_exchange_of_which_no_record_can_be_made_is_counted_once_as_lost(method, failure, monkeypatch, caplog):
    monkeypatch.setattr(Capture, method, broken)
    sink = Took()
    status = 200 if method == "packed" else 400
    failed = failure and Failure(kind=failure, detail="early", after_head=True)
    made = captured(b"", [b"y"], status=status)
    made.secrets = SearchedSecrets(SECRETS)
    made_for(sink).complete(made, failed, 20.0)
    assert (sink.exchanges, sink.losses) == ([], ["unpackable"])
    assert [record.getMessage() for record in caplog.records] == ["exchange_not_made"]


async def test_an_exchange_that_cannot_be_cleared_is_counted_once_as_lost(monkeypatch, caplog):
    def clearing(*_arguments):
        yield
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(credential_removal, "clearing", clearing)
    sink = Took()
    offering = made_for(sink)
    offering.offer(exchange(b""), SECRETS)
    await until(lambda: sink.losses)
    offering.finish()
    assert (sink.exchanges, sink.losses) == ([], ["unpackable"])
    assert [record.getMessage() for record in caplog.records] == ["exchange_not_cleared"]


@pytest.mark.parametrize("reason", ["audit_slow", "unpackable"])
async def test_what_is_lost_before_it_is_sent_has_ended_and_is_dropped_in_the_counts_of_its_worker(reason, monkeypatch):
    row = SharedCounters().row(0)
    offering = made_for(ExchangeSender("/nowhere", 10_000, WorkerStats(), row), 0)
    if reason == "unpackable":
        monkeypatch.setattr(Capture, "packed", broken)
        offering.complete(captured(b"", [b"y"]), None, 20.0)
    else:
        offering.offer(exchange(LARGE), SECRETS)
    assert {name: row[name] for name in PLANE if row[name]} == {"ended": 1, reason: 1}
    assert row.sent == 0


@pytest.mark.parametrize(
    ("more", "secrets"), [({"status": 400}, [SECRET]), ({"coded": True}, [SECRET]), ({"limit": 7}, [SECRET])]
)
async def test_nothing_is_packed_of_an_exchange_that_needs_a_closer_look(more, secrets, monkeypatch):
    monkeypatch.setattr("proxy.record.capture.answer_words", broken)
    got, packed = completed(captured(b"question", [b"answer12"], **more), secrets)
    assert (packed, got.id) == (False, "0" * 28)


async def test_what_waits_to_be_cleared_counts_with_what_waits_in_the_sink():
    sink = Took()
    sink.waiting = 7
    completion = made_for(sink)
    assert (completion.waiting, repr(completion)) == (7, "<RecordCompletion exchanges=0 bytes=0 of 50000000>")
    completion.offer(exchange(LARGE, request=b"asked"), (SECRET,))
    assert completion.waiting == len(LARGE) + 5 + 7
    assert repr(completion) == f"<RecordCompletion exchanges=1 bytes={len(LARGE) + 5} of 50000000>"
    completion.finish()
    assert (completion.waiting, len(sink.exchanges)) == (7, 1)
