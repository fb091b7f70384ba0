"""The job that each request to a reference is, field by field, and what is taken out of its answer; nothing is sent."""

import gzip

import pytest

from proxy.exchange import Labels, Role
from proxy.provider_config import Provider, ProxyConfig
from shadow.pipeline.reference_client import NOT_FITTED, ReferenceClient
from shadow.sampling.shadow_body import ShadowBody
from shadow.settings.top_level_config import Config, ShadowConfig
from tests.exchanges import asked, exchange, said

KEYS = {"NEAR": "key-of-candidate", "FAR": "key-of-official", "GATE": "hunter22"}


class Fetcher:
    """Notes each job; the answer repeats the key of its request, as an echo would."""

    def __init__(self) -> None:
        self.jobs, self.kept, self.closed = [], False, False

    async def fetch(self, job):
        self.jobs.append(job)
        return exchange(b" ".join(value.encode() for value in KEYS.values()), id=job.identity)

    async def keep(self) -> None:
        self.kept = True

    async def close(self) -> None:
        self.closed = True


def client(candidate=(), official=(), **shadow):
    providers = {
        "candidate": Provider(**{"base_url": "http://near.example/v1", "api_key_env": "NEAR", **dict(candidate)}),
        "official": Provider(**{"base_url": "http://far.example/base/v1", "api_key_env": "FAR", **dict(official)}),
    }
    proxy = ProxyConfig(provider="candidate", reference="official", providers=providers)
    fetcher = Fetcher()
    return ReferenceClient(Config(proxy=proxy, shadow=ShadowConfig(**shadow)), KEYS, fetcher), fetcher


def body(text: bytes) -> ShadowBody:
    return ShadowBody(body=text, alterations=())


FIELDS = (("Authorization", "Bearer of the client"), ("Anthropic-Version", "7"))
LIVE = exchange(request=asked(), sent_headers=FIELDS, opted_out=True)


async def test_shadow_request_is_a_job_within_the_limits_of_the_settings():
    mirror, fetcher = client(timeout=7.0, max_body=2_000)
    for size in (1_999, 2_000, 2_001):
        await mirror.ask(LIVE, body(bytes(size)), Role.CONTROL)
    first, *_ = fetcher.jobs
    assert (first.role, first.method, first.target) == (Role.CONTROL, "POST", "/v1/chat/completions")
    assert (first.origin.host, first.path, first.total, first.most) == ("far.example", "/base/v1/chat/completions", 7.0, 2_000)
    assert [job.limit for job in fetcher.jobs] == [2_000, 2_000, 2_001], "never less than the body that is sent"
    assert (first.labels.provider, first.labels.reference, first.labels.opted_out) == ("official", "", False)
    assert len({job.identity for job in fetcher.jobs}) == 3


async def test_record_of_a_job_has_none_of_the_credentials_that_its_request_bears():
    mirror, fetcher = client(official={"extra_headers_env": {"x-gateway": "GATE"}})
    answered = await mirror.ask(LIVE, body(b"{}"), Role.SHADOW)
    [job] = fetcher.jobs
    sent, kept = ({name.lower(): value for name, value in fields} for fields in (job.fields, job.headers))
    assert (sent["authorization"], sent["x-gateway"], sent["anthropic-version"]) == ("Bearer key-of-official", "hunter22", "7")
    assert (kept["authorization"], kept["x-gateway"], kept["anthropic-version"]) == ("", "", "7")
    assert b"key-of-official" not in answered.response.body
    assert b"hunter22" not in answered.response.body
    assert b"key-of-candidate" in answered.response.body, "it is no secret of this provider's requests"


async def test_copy_for_a_candidate_goes_to_its_address_with_its_key():
    mirror, fetcher = client()
    await mirror.ask(LIVE, body(b"{}"), Role.CANDIDATE, "candidate")
    [job] = fetcher.jobs
    assert (job.origin.host, job.labels.provider) == ("near.example", "candidate")
    assert "Bearer key-of-candidate" in dict(job.fields).values()


@pytest.mark.parametrize(
    ("provider", "fields"),
    [
        ({}, [("authorization", "Bearer key-of-official")]),
        ({"api_key_header": "x-api-key"}, [("x-api-key", "key-of-official")]),
        ({"api_key_env": ""}, [("accept", "application/json")]),
        ({"extra_headers": {"x-team": "a"}}, [("authorization", "Bearer key-of-official"), ("x-team", "a")]),
    ],
)
async def test_list_of_models_is_requested_with_the_provider_s_own_key(provider, fields):
    mirror, fetcher = client(official=provider)
    await mirror.list_models("official")
    [job] = fetcher.jobs
    assert [(name.lower(), value) for name, value in job.fields] == fields
    assert (job.method, job.target, job.headers, job.body) == ("GET", "/v1/models", (), b"")
    assert (job.origin.host, job.path, job.role) == ("far.example", "/base/v1/models", Role.SHADOW)
    assert job.labels == Labels(provider="official")


@pytest.mark.parametrize(("seconds", "total"), [(300.0, 10.0), (10.0, 10.0), (9.5, 9.5)])
async def test_list_of_models_takes_ten_seconds_at_the_most_and_as_many_bytes_as_an_answer(seconds, total):
    mirror, fetcher = client(official={"extra_query": {"v": "1"}}, timeout=seconds, max_body=3_000)
    answered = await mirror.list_models("official")
    [job] = fetcher.jobs
    assert (job.total, job.most, job.limit, job.path) == (total, 3_000, 3_000, "/base/v1/models?v=1")
    assert b"key-of-official" not in answered.response.body


async def test_fetcher_is_kept_and_closed_with_its_client():
    mirror, fetcher = client()
    await mirror.keep()
    assert (fetcher.kept, fetcher.closed) == (True, False)
    await mirror.close()
    assert fetcher.closed
    assert repr(mirror).startswith("<ReferenceClient providers=['candidate', 'official'] fetcher=")


def packed(body: bytes) -> bytes:
    return gzip.compress(body, mtime=0)


BOM = b"\xef\xbb\xbf"
PACKED = (("content-type", "application/json"), ("content-encoding", "gzip"))


@pytest.mark.parametrize(
    ("request_body", "headers", "alterations"),
    [
        (asked(), (), ()),
        (BOM + asked(), (), ("sent without its byte order mark",)),
        (packed(asked()), PACKED, ("sent unpacked",)),
        (packed(BOM + asked()), PACKED, ("sent unpacked", "sent without its byte order mark")),
    ],
    ids=["as it is", "with a mark", "packed", "packed with a mark"],
)
def test_change_of_form_on_the_way_to_the_reference_is_named(request_body, headers, alterations):
    mirror, _ = client()
    made = mirror.prepare(exchange(request=request_body, sent_headers=headers))
    assert made.alterations == alterations
    assert made.body == asked()


@pytest.mark.parametrize(
    ("request_body", "headers", "of_live"),
    [
        (asked(seed=1), (), ("to the provider: seed removed: left out for this provider",)),
        (asked(), (), ()),
        (BOM + asked(seed=1), (), (f"to the provider: {NOT_FITTED}",)),
        (packed(asked(seed=1)), PACKED, (f"to the provider: {NOT_FITTED}",)),
    ],
    ids=["with the parameter", "without it", "with a mark", "packed"],
)
def test_fitting_of_the_live_request_is_named_as_far_as_the_data_plane_did_it(request_body, headers, of_live):
    mirror, _ = client(candidate={"drop": ("seed",), "fit_live": True})
    assert mirror.prepare(exchange(request=request_body, sent_headers=headers)).of_live == of_live


@pytest.mark.parametrize(("size", "fitted"), [(65_536, True), (65_537, False)])
def test_request_beyond_what_the_data_plane_looks_into_is_named_as_not_fitted(size, fitted):
    providers = {
        "candidate": Provider(base_url="http://near.example/v1", drop=("seed",), fit_live=True),
        "official": Provider(base_url="http://far.example/v1"),
    }
    proxy = ProxyConfig(provider="candidate", reference="official", providers=providers, limits={"peek_body": 65_536})
    mirror = ReferenceClient(Config(proxy=proxy), {}, Fetcher())
    live = exchange(said(), request=asked(seed=1))
    live = live._replace(request=live.request._replace(size=size))
    assert (NOT_FITTED in mirror.prepare(live).of_live[0]) == (not fitted)


@pytest.mark.parametrize(
    ("candidate", "live", "same"),
    [
        ({}, {}, False),
        ({"base_url": "http://far.example/base/v1"}, {}, True),
        ({"base_url": "http://far.example/base/v1", "models": {"pretend-small": "other"}}, {}, False),
        ({"base_url": "http://far.example/base/v1"}, {"provider": "removed"}, False),
    ],
)
def test_provider_that_is_its_own_reference_is_known_by_address_and_model(candidate, live, same):
    mirror, _ = client(candidate=candidate)
    assert mirror.same_server(exchange(**live)) is same
