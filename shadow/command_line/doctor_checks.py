"""What `doctor` examines: ports, the database, each server once with its key and model, and what a day costs.

Nothing that a server answers is printed but its status: an error message may quote a key or a prompt.
"""

from __future__ import annotations

import asyncio
import http.client
import socket
import ssl
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

import orjson

from proxy.exchange import Exchange, Role
from proxy.exchange_ids import new_id
from shadow.broker.broker_report import broker_report
from shadow.findings.number_words import number_of
from shadow.judging.judging_text import judging_sentence
from shadow.metrics.cardinality import series_words
from shadow.pipeline.fetcher_client import InProcessFetcher
from shadow.pipeline.reference_client import ReferenceClient
from shadow.pipeline.reference_errors import REMEDIES
from shadow.pipeline.reference_probe import REFUSED, findings, listed_models, wanted_models
from shadow.pricing.money import NO_PRICE
from shadow.pricing.period_money import period_money
from shadow.pricing.price_list import PriceList
from shadow.reading.completion import Completion
from shadow.reading.parsed_response import parse_response
from shadow.report.money_lines import amounts, unpriced
from shadow.settings.top_level_config import Config
from shadow.studies.chat_request import ChatRequest
from shadow.verdict.phrases import recent
from storage.judgement_rows import JudgingState
from storage.opening import database_name, is_absent, open_reader, server_state
from storage.rows import PairFilter, TokenSum, TrafficCount
from storage.store import Reader, StoreError

GOOD, BAD, UNKNOWN = "✓", "✗", "?"
DAY = 86_400.0
QUESTION = "Reply with the word OK."
UNFIT = frozenset({400, 422})
"""Statuses of a request that the model does not take as it is."""
HEALTHY = b"ok\n"
"""What the admin port answers to `/healthz`."""
ANSWER_SECONDS = 2.0
LATE_SECONDS = 300.0
"""Age of a pair without a judgement from which on the judge is behind, as in the alert SameweightsJudgeBehind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorLine:
    """One thing that was examined: `mark` is ✓, ✗ (it does not work) or ? (it is not known)."""

    mark: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerRequest:
    """What is sent to one server: its list of models, and one completion of a token where `model` is known.

    `key` is the environment variable of its key, "" where the application brings its own; `role` is provider, candidate or
    reference.
    """

    name: str
    role: str
    key: str
    model: str


def server_requests(config: Config, traffic: Sequence[TrafficCount], model: str) -> tuple[ServerRequest, ...]:
    """One request for each provider, candidate and reference of a route, with the model that is most requested of it, if any."""
    proxy = config.proxy
    routes = [(proxy.provider, proxy.reference, "*"), *((one.provider, one.reference, one.model) for one in proxy.routes)]
    references = {reference or proxy.reference for _, reference, _ in routes} - {""}
    candidates = proxy.candidates
    serving = {provider for provider, _, _ in routes if provider in proxy.providers}
    providers = serving | (set(proxy.providers) - references - candidates)
    named = (("provider", providers), ("candidate", candidates), ("reference", references))
    # because a server that is several of them is asked once, as the last
    seen = {name: side for side, names in named for name in sorted(names)}
    return tuple(
        ServerRequest(
            name=name,
            role=side,
            key=proxy.providers[name].api_key_env,
            model=model or _requested(config, traffic, name),
        )
        for name, side in seen.items()
    )


def _requested(config: Config, traffic: Sequence[TrafficCount], name: str) -> str:
    """The model that is requested most, else one that a route or the provider's own names name."""
    counts: Counter[str] = Counter()
    for row in traffic:
        if row.provider == name and row.model:
            counts[row.model] += row.requests
    proxy = config.proxy
    named = [
        route.model for route in proxy.routes if name in {route.provider, route.reference or proxy.reference, *route.candidates}
    ]
    known = [one for one in (*proxy.providers[name].models, *named) if not set(one) & set("*?[")]
    return counts.most_common(1)[0][0] if counts else next(iter(known), "")


def announced(requests: Sequence[ServerRequest]) -> Iterator[str]:
    """What is sent, before it is sent."""
    yield "This sends now, once each:"
    for one in requests:
        key = f"the key in {one.key}" if one.key else "no key"
        yield f"  to {one.name} ({one.role}), with {key}: GET /models{_and(one)}"


def _and(one: ServerRequest) -> str:
    if not one.key and one.role == "provider":
        return " (a completion needs the application's own key)"
    return f", and a completion of 1 token by {one.model}" if one.model else ", and a completion of 1 token if it lists one model"


def port_lines(config: Config) -> Iterator[DoctorLine]:
    """Whether each port is free, or in use by something that answers there as `serve` does."""
    for name, listen in (("data port", config.proxy.listen), ("admin port", config.admin.listen)):
        host, _, port = listen.rpartition(":")
        try:
            with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as taken:
                taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                taken.bind((host.strip("[]"), int(port)))
        except OSError as error:
            running = _serves(config)
            why = (
                "in use by the running serve"
                if running
                else f"cannot be opened: {error.strerror}; change it or stop the program that uses it"
            )
            yield DoctorLine(mark=GOOD if running else BAD, text=f"{name} {listen}: {why}")
        else:
            yield DoctorLine(mark=GOOD, text=f"{name} {listen}: free; serve is not running")


def _serves(config: Config) -> bool:
    """Whether the admin port answers a request for its health as `serve` does.

    Its certificate is not checked: nothing secret is sent, and the user's own may be trusted nowhere.
    """
    host, _, port = config.admin.listen.rpartition(":")
    where = (host.strip("[]") or "127.0.0.1", int(port))
    asked: http.client.HTTPConnection = http.client.HTTPConnection(*where, timeout=ANSWER_SECONDS)
    if config.admin.tls_cert:
        trust = ssl.create_default_context()
        trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
        asked = http.client.HTTPSConnection(*where, timeout=ANSWER_SECONDS, context=trust)
    try:
        with closing(asked):
            asked.request("GET", "/healthz")
            return asked.getresponse().read(len(HEALTHY) + 1) == HEALTHY
    except (OSError, http.client.HTTPException):
        return False


SENT = frozenset({Role.SHADOW, Role.CONTROL, Role.CANDIDATE})
"""Roles of the shadow requests."""


def record_lines(config: Config, reader: Reader, now: float) -> Iterator[DoctorLine]:
    """The newest comparison, and what references and candidates cost in the last day."""
    newest = next(iter(reader.pairs(PairFilter(limit=1))), None)
    if newest is None:
        yield DoctorLine(mark=UNKNOWN, text="nothing was compared yet: a sample of requests needs a reference and some traffic")
    else:
        yield DoctorLine(mark=GOOD, text=f"last comparison: {recent(newest.pair.started, now)}")
    sent = [row for row in reader.traffic(now - DAY, now) if row.role in SENT]
    yield (
        _cost(config, sent, [row for row in reader.token_sums(now - DAY, now) if row.role in SENT])
        if sent
        else DoctorLine(
            mark=UNKNOWN,
            text="cost of a day: no request went to a reference in the last 24 h; `sameweights plan --per-day N` estimates",
        )
    )


def _cost(config: Config, sent: Sequence[TrafficCount], sums: Sequence[TokenSum]) -> DoctorLine:
    found = period_money(sums, PriceList(config.proxy.providers))
    requests, tokens = sum(row.requests for row in sent), sum(found.tokens)
    without = f" ({unpriced(found)})" if found.unpriced else ""
    nothing = "no price is configured (price_input, price_output)" if NO_PRICE in found.unpriced else unpriced(found)
    priced = f"{amounts(found.money)} by the configured prices{without}" if found.priced or not found.answers else nothing
    return DoctorLine(
        mark=GOOD,
        text=f"cost of a day: {number_of(requests, 'request')} to references with {number_of(tokens, 'token')} in the last 24 h; "
        f"{priced}",
    )


def broker_lines(config: Config, environ: Mapping[str, str]) -> Iterator[DoctorLine]:
    """Whether the broker can be used from here, and what waits in its streams; nothing without a broker."""
    if not config.broker.url:
        return
    credentials = environ.get(config.broker.credentials_env, "")
    for fact in asyncio.run(broker_report(config.broker, credentials)):
        yield DoctorLine(mark=UNKNOWN if fact.works is None else GOOD if fact.works else BAD, text=fact.text)


def series_line(config: Config) -> DoctorLine:
    """The size of /metrics."""
    return DoctorLine(mark=GOOD, text=f"/metrics: {series_words(config)} with this configuration")


def asked_lines(config: Config, environ: Mapping[str, str], requests: Sequence[ServerRequest]) -> list[DoctorLine]:
    """Send what was announced, one server after the other."""
    return asyncio.run(_collected(config, environ, requests))


async def _collected(config: Config, environ: Mapping[str, str], requests: Sequence[ServerRequest]) -> list[DoctorLine]:
    client = ReferenceClient(config, environ, InProcessFetcher(config.proxy.timeouts, config.proxy.limits))
    try:
        return [line for one in requests async for line in _examined(client, config, one)]
    finally:
        await client.close()


async def _examined(client: ReferenceClient, config: Config, one: ServerRequest) -> AsyncIterator[DoctorLine]:
    begun = time.monotonic()
    listing = await client.list_models(one.name)
    names = listed_models(listing)
    problems = findings(one.name, listing, wanted_models(config.proxy).get(one.name, ()))
    status = listing.response.status if listing.response else 0
    if not one.key and one.role == "provider" and listing.failure is None:
        yield _reached(one.name, status)
        return
    for sentence in problems:
        yield DoctorLine(mark=BAD, text=sentence.replace(f"the reference {one.name}", f"{one.role} {one.name}", 1))
    if listing.failure is not None or status in REFUSED:
        return
    model = one.model or (next(iter(names)) if len(names) == 1 else "")
    if not model:
        listed = f"it lists {len(names)} models" if names else f"its list of models: {status}"
        yield DoctorLine(mark=UNKNOWN, text=f"{one.role} {one.name}: no model is known ({listed}); name one with --model")
        return
    yield _completion(one, model, await _asked(client, one, model), time.monotonic() - begun)


def _reached(name: str, status: int) -> DoctorLine:
    """What the list of models of a provider reveals, to which the application brings its own key."""
    own = "the application brings its own key"
    if status >= 500:
        return DoctorLine(
            mark=BAD, text=f"provider {name}: its list of models is answered with {status}; the error is on its side"
        )
    if status == 404:
        return DoctorLine(
            mark=UNKNOWN, text=f"provider {name}: reached, but it has no list of models (404): see its base_url; {own}"
        )
    return DoctorLine(mark=GOOD, text=f"provider {name}: reached ({status}); {own}")


async def _asked(client: ReferenceClient, one: ServerRequest, model: str) -> Exchange:
    body = {"model": model, "messages": [{"role": "user", "content": QUESTION}], "max_tokens": 1}
    live = ChatRequest(body=orjson.dumps(body)).as_exchange(route="doctor", reference=one.name, identity=new_id())
    return await client.ask(live, client.prepare(live, one.name), Role.SHADOW, one.name)


def _completion(one: ServerRequest, model: str, answer: Exchange, seconds: float) -> DoctorLine:
    who = f"{one.role} {one.name}"
    if answer.failure is not None:
        return DoctorLine(mark=BAD, text=f"{who}: {answer.failure.detail}")
    status = answer.response.status if answer.response else 0
    if status in UNFIT:
        why = "it was reached and accepted the key, but refuses this test request, as models do that do not accept max_tokens"
        return DoctorLine(mark=UNKNOWN, text=f"{who} answered a completion by {model} with {status}: {why}")
    if status >= 400:
        remedy = REMEDIES.get(status, "the error is on its side")
        return DoctorLine(mark=BAD, text=f"{who} refused a completion by {model}: {status}; {remedy}")
    parsed = parse_response(answer)
    if not isinstance(parsed.completion, Completion):
        return DoctorLine(mark=BAD, text=f"{who} answered {status}, but no chat completion: see its base_url")
    return DoctorLine(mark=GOOD, text=f"{who} answers as {model} ({seconds:.1f} s)")


def judge_line(state: JudgingState) -> DoctorLine:
    """Who judges the stored pairs, and what waits: it does not work where a process judges and pairs wait all the same."""
    if not state.holder:
        return DoctorLine(mark=UNKNOWN, text=f"judge: {judging_sentence('no process judges now', state)}")
    who = f"a process judges, and renews its lease within {state.seconds_left:,.0f} s"
    behind = state.waited > LATE_SECONDS
    remedy = "; see SameweightsJudgeBehind in the runbook" if behind else ""
    return DoctorLine(mark=BAD if behind else GOOD, text=f"judge: {judging_sentence(who, state)}{remedy}")


def database_lines(config: Config, now: float) -> Iterator[DoctorLine]:
    """The database: whether it can be read, and what it holds about the last day."""
    try:
        name = database_name(config.storage)
        if is_absent(config.storage):
            yield DoctorLine(mark=UNKNOWN, text=f"{name}: does not exist yet; serve creates it")
            return
        if config.storage.read_url_env:
            open_reader(config.storage.model_copy(update={"read_url_env": ""})).close()
            yield DoctorLine(mark=GOOD, text=f"{name}: reachable; records are read at {config.storage.read_url_env}")
        with closing(open_reader(config.storage)) as reader:
            yield DoctorLine(mark=GOOD, text=f"{name}: {reader.extent()[0] / 1e6:,.1f} MB")
            for works, text in server_state(config.storage):
                yield DoctorLine(mark=GOOD if works else BAD, text=f"{name}: {text}")
            yield judge_line(reader.judgements.judging(now))
            yield from record_lines(config, reader, now)
    except StoreError as error:
        yield DoctorLine(mark=BAD, text=f"{error}")
