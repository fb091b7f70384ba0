"""A period in figures, from a real store."""

import json

import pytest

from proxy.exchange import Request
from shadow.findings.pair import ControlReason
from shadow.reading.parsed_exchange import parse_exchange
from shadow.report import build_report
from shadow.report.build_report import as_json, as_text, build
from shadow.verdict.verdict_value import VerdictWord
from tests.exchanges import exchange
from tests.records import NOW, add_live, add_pair, calling, record

pytestmark = pytest.mark.slow


@pytest.fixture
def report(filled):
    return filled.report


def test_the_garbler_differs_the_squeezer_is_faulty_the_faithful_one_is_neither(report):
    words = {card.provider: card.verdict.word for card in report.cards}
    assert words == {
        "garbler": VerdictWord.DIFFERS,
        "squeezer": VerdictWord.FAULTY,
        "faithful": VerdictWord.NONE_SEEN,
        "newcomer": VerdictWord.UNDECIDED,
        "loner": VerdictWord.WAITING,
    }
    assert report.drifted


def test_the_cards_of_a_report_begin_with_the_worst_verdict(report):
    assert [card.provider for card in report.cards][:2] == ["garbler", "squeezer"]


def test_mismatch_is_of_all_pairs_and_noise_of_random_controls_only(store):
    for number in range(10):
        city = f"City {number}"
        add_pair(store, "p", calling(city), calling(city), calling("Elsewhere" if number < 3 else city))
        add_pair(store, "p", calling("Nowhere"), calling(city), calling("Elsewhere"), reason=ControlReason.TIEBREAK)
    assert store.flush(20)
    [card] = build(store, 0.0, NOW + 60).cards
    line = next(line for line in card.signals if line.signal == "arguments")
    assert line.mismatch == pytest.approx(0.5)
    assert line.noise == pytest.approx(0.3)


def test_routes_are_pooled_and_models_are_not(store):
    for route, model in (("a", "m"), ("b", "m"), ("a", "n")):
        add_pair(store, "p", "Hello", "Hello", route=route, model=model)
    assert store.flush(20)
    assert [(card.model, card.pairs) for card in build(store, 0.0, NOW + 60).cards] == [("m", 2), ("n", 1)]


def test_pairs_that_cannot_be_compared_are_counted_with_their_reason(store):
    add_pair(store, "p", "Hello", "Hello", status=500)
    assert store.flush(20)
    [card] = build(store, 0.0, NOW + 60).cards
    assert card.reasons[0].pairs == 1
    assert "500" in card.reasons[0].reason
    assert card.gaps


def test_latency_is_compared_with_the_reference_and_never_a_verdict(store):
    for _ in range(30):
        add_pair(store, "slow", "Hello", "Hello", seconds=5.0)
    assert store.flush(20)
    report = build(store, 0.0, NOW + 60)
    line = next(line for line in report.latency if (line.provider, line.measure) == ("slow", "seconds"))
    assert (line.p50, line.ratio, line.reference) == (5.0, 10.0, "official")
    assert not report.drifted


def test_an_empty_period_is_not_measured(store):
    add_live(store, "p")
    assert store.flush(20)
    report = build(store, NOW + 1, NOW + 2)
    assert report.cards == ()
    assert "not measured: no request in this period" in as_text(report)


def test_a_health_probe_is_traffic_and_no_group_of_its_own(store):
    probe = Request(method="GET", target="/healthz", headers=(), body=b"", size=0)
    for number, provider in enumerate("pq"):
        call = exchange(b"ok", provider=provider, model="", id=f"probe-{number}", started=NOW)._replace(request=probe)
        store.add_exchange(record(parse_exchange(call)))
    add_live(store, "p", model="", request=b'{"messages":[]}')
    assert store.flush(20)
    report = build(store, 0.0, NOW + 60)
    assert [(card.provider, card.model, card.requests) for card in report.cards] == [("p", "", 1)], (
        "a call without a model is one"
    )
    assert sum(line.requests for line in report.traffic) == 3


def test_the_json_is_stable_and_holds_no_nan(report):
    found = json.loads(as_json(report), parse_constant=lambda _: pytest.fail("not JSON"))
    assert list(found) == [
        *("schema", "drift", "measured", "since", "until", "cards", "latency", "traffic"),
        *(
            "identities",
            "templates",
            "segments",
            "greedy",
            "drifting",
            "paces",
            "streaming",
            "references",
            "token_counts",
            "routers",
            "money",
            "rows",
        ),
        *("since_time", "until_time"),
    ]
    assert set(found["cards"][0]) == {
        "provider", "reference", "model", "pairs", "compared", "requests", "verdict", "signals", "checks", "gaps", "reasons",
        "log_e", "discovered", "triggering",
    }  # fmt: skip
    assert set(found["cards"][0]["verdict"]) == {
        "provider", "model", "reference", "word", "sentence", "reasons", "notes", "power", "coverage", "since", "worst",
        "since_time",
    }  # fmt: skip
    squeezer = next(card for card in found["cards"] if card["provider"] == "squeezer")
    line = next(line for line in squeezer["checks"] if line["signal"] == "lost_space")
    assert (line["worse"], line["plain"], line["plus"], line["minus"], line["conversations"]) == (True, False, 40, 0, 80)


def test_the_garbler_is_a_discovery_and_the_faithful_one_is_none(report):
    found = {card.provider: card for card in report.cards}
    assert found["garbler"].discovered
    assert not found["faithful"].discovered
    assert found["garbler"].log_e > found["faithful"].log_e
    assert found["loner"].log_e is None


def test_of_several_providers_the_headline_counts_the_verdicts(store):
    for name in ("a", "b", "c", "d", "e"):
        for number in range(80):
            wrong = name == "a" and number % 2
            add_pair(store, name, calling("Nowhere" if wrong else "Rome"), calling("Rome"), calling("Rome"))
    assert store.flush(20)
    assert "  1 different, 4 without a difference seen" in as_text(build(store, 0.0, NOW + 60))


def test_the_interval_for_any_time_stands_beside_the_one_for_one_look(report):
    line = next(
        line for card in report.cards if card.provider == "garbler" for line in card.signals if line.signal == "arguments"
    )
    assert line.always_low <= line.low <= line.high <= line.always_high


def test_card_is_made_of_the_rows_of_its_own_model_alone(sqlite_store, monkeypatch):
    """Clients choose the names of models: rows of all of them for each card took a minute at 2,000 names."""
    for model in ("m1", "m2", "m3"):
        add_pair(sqlite_store, "p", "Hello", "Hi", "Hi", model=model)
    assert sqlite_store.flush(20)
    read = []
    for name in ("check_lines", "make_card"):
        real = getattr(build_report, name)

        def spied(*given, real=real):
            read.append({one.group.model for one in next(each for each in given if isinstance(each, list))})
            return real(*given)

        monkeypatch.setattr(build_report, name, spied)
    cards = build_report.build_verdicts(sqlite_store, 0.0, NOW + 60).cards
    assert sorted(card.model for card in cards) == ["m1", "m2", "m3"]
    assert sorted(read, key=sorted) == [{"m1"}, {"m1"}, {"m2"}, {"m2"}, {"m3"}, {"m3"}]
