"""One request to an OTLP endpoint: packed, tried again where OTLP provides for it, and given up where it does not."""

import asyncio
import socket

import pytest

from shadow.telemetry.otlp_delivery import AGAIN, LOGS, PAUSES, TRACES, OtlpDelivery
from tests.otlp_receiver import OtlpReceiver


def delivery(url, **more):
    return OtlpDelivery(url, {"x-scope": "secret-scope"}, **{"pauses": (0.0, 0.0), **more})


async def sent(url, path=TRACES, body=b"", **more):
    made = delivery(url, **more)
    try:
        return await made.send(path, body)
    finally:
        await made.close()


async def test_request_is_gzipped_protobuf_with_the_fields_of_the_configuration():
    async with OtlpReceiver() as receiver:
        assert (await sent(f"{receiver.url}/")).why == ""
        assert (await sent(receiver.url, LOGS)).why == ""
    assert [path for path, _ in receiver.requests] == ["/v1/traces", "/v1/logs"]
    fields = receiver.requests[0][1]
    assert (fields["Content-Type"], fields["Content-Encoding"]) == ("application/x-protobuf", "gzip")
    assert (fields["x-scope"], fields["User-Agent"]) == ("secret-scope", "sameweights")


async def test_body_of_the_answer_is_given_back():
    async with OtlpReceiver() as receiver:
        receiver.answers.append((200, b"partial", {}))
        assert (await sent(receiver.url)).body == b"partial"


@pytest.mark.parametrize(("size", "read"), [(65_536, 65_536), (65_537, 65_536)])
async def test_answer_is_read_whole_in_however_many_segments_it_comes(size, read):
    async with OtlpReceiver() as receiver:
        segments = [b"a", b"b" * 40_000, b"c" * (size - 40_001)]
        receiver.answers.append((200, segments, {}))
        assert (await sent(receiver.url)).body == b"".join(segments)[:read]


@pytest.mark.parametrize("status", sorted(AGAIN))
async def test_overloaded_endpoint_is_tried_again(status):
    async with OtlpReceiver() as receiver:
        receiver.answers.extend([(status, b"", {"Retry-After": "0"})] * 2)
        assert (await sent(receiver.url)).why == ""
        assert len(receiver.requests) == 3


async def test_endpoint_that_stays_overloaded_is_given_up_after_the_last_pause():
    async with OtlpReceiver() as receiver:
        receiver.answers.extend([(503, b"", {})] * 3)
        result = await sent(receiver.url)
        assert (result.why, result.refused, len(receiver.requests)) == ("status 503", False, 3)


@pytest.mark.parametrize("status", [200, 202, 204, 299])
async def test_status_of_success_is_accepted(status):
    async with OtlpReceiver() as receiver:
        receiver.answers.append((status, b"", {}))
        assert (await sent(receiver.url)).why == ""
        assert len(receiver.requests) == 1


@pytest.mark.parametrize("status", [300, 302, 400, 401, 404, 413, 500])
async def test_refused_request_is_not_sent_again(status):
    async with OtlpReceiver() as receiver:
        receiver.answers.append((status, b"", {"Location": "http://127.0.0.1:9/"} if status == 302 else {}))
        result = await sent(receiver.url)
        assert (result.why, result.refused, len(receiver.requests)) == (f"status {status}", True, 1)


async def test_endpoint_that_is_not_there_is_unreachable_and_not_refusing():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        result = await sent(f"http://127.0.0.1:{free.getsockname()[1]}")
    assert (result.why, result.refused) == ("ClientConnectorError", False)


@pytest.fixture
def waited(monkeypatch):
    """The pauses between attempts, in seconds, which take no time."""
    found = []
    sleep = asyncio.sleep

    async def pause(seconds):
        found.append(seconds)
        await sleep(0)

    monkeypatch.setattr("shadow.telemetry.otlp_delivery.asyncio.sleep", pause)
    return found


@pytest.mark.parametrize(("stated", "pause"), [("2", 2.0), ("30", 30.0), ("31", 30.0), ("86400", 30.0), ("tomorrow", 1.0)])
async def test_retry_after_is_waited_and_thirty_seconds_at_most(waited, stated, pause):
    async with OtlpReceiver() as receiver:
        receiver.answers.append((429, b"", {"Retry-After": stated}))
        assert (await sent(receiver.url, pauses=PAUSES)).why == ""
    assert [seconds for seconds in waited if seconds] == [pause]


async def test_request_is_sent_four_times_after_pauses_of_1_5_and_15_seconds(waited):
    async with OtlpReceiver() as receiver:
        receiver.answers.extend([(503, b"", {})] * 4)
        assert (await sent(receiver.url, pauses=PAUSES)).why == "status 503"
        assert len(receiver.requests) == 4
    assert [seconds for seconds in waited if seconds] == [1.0, 5.0, 15.0]


async def test_first_failure_and_recovery_are_logged_once_by_host_alone(logged):
    said = logged("shadow.telemetry.otlp_delivery")
    async with OtlpReceiver() as receiver:
        made = delivery(f"{receiver.url}/secret-path", pauses=())
        for _ in range(2):
            assert (await made.send(TRACES, b"")).refused
        assert repr(made) == "<OtlpDelivery 127.0.0.1 failing=True>"
        receiver_path = delivery(receiver.url, pauses=())
        receiver.answers.append((503, b"", {}))
        for _ in range(3):
            await receiver_path.send(TRACES, b"")
        assert repr(receiver_path) == "<OtlpDelivery 127.0.0.1 failing=False>"
        await asyncio.gather(made.close(), receiver_path.close())
    assert [call.args[0] if call.args else call.kwargs["event"] for call in said] == [
        *("otel_export_failed", "otel_export_failed", "otel_export_recovered"),
    ]
    assert "secret" not in repr(said)
    assert "secret" not in repr(made)
