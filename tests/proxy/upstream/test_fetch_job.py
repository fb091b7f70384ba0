"""proxy.upstream.fetch_job: a job crosses into another process whole, and its key is shown nowhere."""

import time
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from proxy.exchange import Failure, FailureKind, Labels, Role
from proxy.provider_config import Limits, Timeouts
from proxy.upstream.fetch_job import failed, pack, run, unpack
from proxy.upstream.upstream_client import UpstreamClient
from proxy.worker_stats import WorkerStats
from tests.fetch_jobs import fetch_job
from tests.wires import ok, scripted

LATIN = st.text(st.characters(max_codepoint=255), max_size=20)


@given(
    text=st.text(max_size=20),
    fields=st.lists(st.tuples(LATIN, LATIN), max_size=3),
    body=st.binary(max_size=60),
    role=st.sampled_from(Role),
    total=st.floats(0, 1e6),
)
def test_a_fetch_job_comes_back_as_it_was_packed(text, fields, body, role, total):
    labels = Labels(model=text, tag=text)
    made = replace(fetch_job("http://127.0.0.1:9/v1"), labels=labels, fields=tuple(fields), body=body, role=role, total=total)
    assert unpack(pack(made)) == made
    assert type(unpack(pack(made)).role) is Role


def test_a_credential_is_in_no_picture_of_a_fetch_job():
    made = replace(fetch_job("http://127.0.0.1:9/v1"), fields=(("Authorization", "Bearer sk-very-secret"),), body=b"private")
    assert "sk-very-secret" not in repr(made)
    assert "private" not in repr(made)


async def test_a_fetch_job_that_is_run_is_an_exchange_with_its_name_and_facts():
    upstream = UpstreamClient(Timeouts(), Limits(), WorkerStats())
    async with scripted(None, ok(b"yes")) as provider:
        exchange = await run(upstream, replace(fetch_job(provider.url), fields=(("X-Own", "1"),), labels=Labels(tag="t")))
        assert b"X-Own: 1\r\n" in provider.requests[0]
    upstream.close()
    assert (exchange.id, exchange.role, exchange.labels.tag, exchange.response.body) == ("e1", Role.SHADOW, "t", b"yes")
    assert ("X-Own", "1") not in exchange.request.headers


def test_a_fetch_job_that_a_fault_of_ours_ended_is_an_exchange_without_an_answer_before_any_head():
    job = replace(fetch_job("http://127.0.0.1:9/v1"), labels=Labels(tag="t"), role=Role.CONTROL)
    exchange = failed(job)
    assert exchange.failure == Failure(kind=FailureKind.INTERNAL, detail="a fault of the proxy", after_head=False)
    assert (exchange.id, exchange.role, exchange.labels.tag, exchange.response) == (job.identity, Role.CONTROL, "t", None)
    assert (exchange.request.method, exchange.request.target) == (job.method, job.target)
    assert abs(exchange.started - time.time()) < 3_600
    assert 0 <= exchange.seconds < 3_600
