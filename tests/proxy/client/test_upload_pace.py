"""proxy.client.upload: what is sent, kept and waited for at each piece, by a provider and a client that note it."""

import pytest

from proxy.client.body_framing import ChunkedBody, LengthBody
from proxy.client.client_request import ClientRequest
from proxy.client.head_memo import HeadMemo
from proxy.client.request_body import RequestBody
from proxy.client.upload import Upload
from proxy.errors import RequestError
from proxy.exchange import Role
from proxy.record.capture import Capture
from proxy.record.recorded_head import RecordedHead
from tests.heads import raw_head


class Link:
    """A connection to a provider that is `full` or not."""

    def __init__(self, *, full=False):
        self.full = full
        self.sent, self.waits, self.drained = [], [], None

    def send(self, data, *, last):
        self.sent.append((data, last))

    def wait_for_client(self, waiting):
        self.waits.append(waiting)

    def when_drained(self, call):
        self.drained = call

    def __repr__(self):
        return "<Link>"


class Client:
    """A client that is read or paused, its body, and since when the rest of it is awaited."""

    body = None
    waiting_since = 0.0
    paused = False

    def pause_body(self):
        self.paused = True

    def resume_body(self):
        self.paused = False


class Owner:
    def __init__(self):
        self.noted = []

    def uploaded(self):
        self.noted.append("whole")

    def upload_failed(self, error):
        self.noted.append(error.code)


def made(*, kept=100, chunked=False, framing=None):
    field = (b"Transfer-Encoding", b"chunked") if chunked else (b"Content-Length", b"9")
    client, owner = Client(), Owner()
    request = ClientRequest(HeadMemo(raw_head(field)), 9, 0.0)
    request.body = client.body = RequestBody(framing, client) if framing else None
    capture = Capture(identity="", role=Role.PRIMARY, started=0.0, begun=0.0, limit=99, head=RecordedHead("POST", "/", ()))
    return Upload(request, client, capture, owner, kept=kept), client, owner, capture


def test_pieces_are_sent_as_they_come_and_the_last_ends_the_upload():
    upload, client, owner, capture = made()
    link = Link()
    upload.begin(link)
    upload.take(b"abcd", last=False)
    assert (owner.noted, upload.whole, client.waiting_since > 0.0, client.paused) == ([], False, True, False)
    upload.take(b"efghi", last=True)
    assert (owner.noted, upload.whole, link.sent) == (["whole"], True, [(b"abcd", False), (b"efghi", True)])
    assert (capture.asked(99), link.waits) == (b"abcdefghi", [True, True, False])
    assert repr(upload) == "<Upload over <Link> whole=True repeatable=True>"


def test_pieces_of_a_chunked_body_are_sent_as_chunks_and_recorded_without():
    upload, _, _, capture = made(chunked=True)
    link = Link()
    upload.begin(link)
    upload.take(b"abcd", last=False)
    upload.take(b"", last=True)
    assert link.sent == [(b"4\r\nabcd\r\n", False), (b"0\r\n\r\n", True)]
    assert capture.asked(99) == b"abcd"


@pytest.mark.parametrize(("kept", "repeatable", "again"), [(9, True, [(b"abcd", False), (b"efghi", True)]), (8, False, [])])
def test_an_upload_is_repeated_while_all_that_was_sent_is_kept(kept, repeatable, again):
    upload, _, _, _ = made(kept=kept)
    upload.begin(Link())
    upload.take(b"abcd", last=False)
    upload.take(b"efghi", last=True)
    assert upload.repeatable is repeatable
    other = Link()
    upload.stop()
    upload.begin(other)
    assert other.sent == again


def test_a_client_is_not_read_while_its_provider_takes_no_more():
    upload, client, _, _ = made()
    link = Link(full=True)
    upload.begin(link)
    assert (client.paused, client.waiting_since, link.waits) == (True, 0.0, [False])
    link.full = False
    link.drained()
    assert (client.paused, client.waiting_since > 0.0, link.waits) == (False, True, [False, True])


def test_behind_its_last_piece_nothing_is_awaited_of_the_client():
    upload, client, _, _ = made()
    link = Link()
    upload.begin(link)
    client.paused = True
    link.full = True
    upload.take(b"abcdefghi", last=True)
    assert (client.paused, link.waits[-1], link.drained) == (False, False, None)


def test_what_comes_while_no_connection_is_there_waits_for_the_next_one():
    upload, client, owner, capture = made(framing=LengthBody(9))
    body, link = client.body, Link(full=True)
    upload.begin(link)
    link.full = False
    body.feed(b"abc")
    upload.stop()
    assert client.waiting_since == 0.0
    body.feed(b"def")
    upload.take(b"lost", last=False)
    link.drained()
    assert (link.sent, capture.request_size) == ([(b"abc", False)], 3)
    other = Link()
    upload.begin(other)
    body.feed(b"ghi")
    assert other.sent == [(b"abc", False), (b"def", False), (b"ghi", True)]
    assert (owner.noted, capture.asked(99)) == (["whole"], b"abcdefghi")


def test_a_body_that_breaks_off_breaks_its_request():
    upload, client, owner, _ = made(framing=ChunkedBody())
    upload.begin(Link())
    client.body.feed(b"x\r\n")
    assert owner.noted == ["bad_body"]
    upload.fail(RequestError(408, "too_slow", ""))
    assert owner.noted == ["bad_body", "too_slow"]
