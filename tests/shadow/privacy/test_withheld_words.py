"""shadow.privacy.withheld_words: without full bodies no word of a request or a response stays in a row; fixed words do."""

from dataclasses import asdict, replace

import pytest

from shadow.compare.comparators import compare
from shadow.findings.finding import Finding, FindingState, Signal
from shadow.findings.pair import ControlReason, Pair, PairKind
from shadow.privacy.withheld_words import NOT_KEPT, digest, withhold_exchange, withhold_pair, without_quotes
from shadow.reading.parsed_exchange import parse_exchange, parse_shadow_exchange
from shadow.records import AnsweredPair, exchange_record, pair_record
from tests.exchanges import asked, said
from tests.exchanges import exchange as made

CALL = {"id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": '{"city": "Quito"}'}}


def record(bodies):
    parsed = parse_exchange(made(said("A secret plan", message={"tool_calls": [CALL]}), request=asked("Another secret")))
    check = Finding(signal=Signal.LOST_SPACE, state=FindingState.DIFFER, reason="'secretplan'", subject="secretplan")
    return withhold_exchange(exchange_record(parsed, outcomes=["valid"], checks=[check]), bodies)


@pytest.mark.parametrize("bodies", ["hash", "none"])
def test_without_bodies_no_word_of_them_is_kept_anywhere(bodies):
    kept = repr(record(bodies)._asdict())
    for word in ("secret", "Quito", "secretplan"):
        assert word not in kept


def test_a_digest_stands_for_a_body_that_is_not_kept():
    assert record("hash").exchange.request_digest == digest(asked("Another secret"))
    assert record("full").exchange.request_digest == record("none").exchange.request_digest == ""
    assert digest(b"abc") == "ba7816bf8f01cfea414140de5dae2223"  # the example of FIPS 180-4, cut


def test_full_bodies_stay_as_they_are():
    assert record("full").exchange.request_body == asked("Another secret")
    assert record("full").findings[0].reason == "'secretplan'"


@pytest.mark.parametrize("bodies", ["full", "hash", "none"])
def test_a_pair_keeps_its_fingerprint_and_its_states_and_no_word_unless_bodies_are_full(bodies):
    live = parse_exchange(made(said("A secret plan"), request=asked("Another secret")))
    shadow = parse_shadow_exchange(made(said("A hidden one"), provider="official", reference=""), live)
    cross = compare(Pair(kind=PairKind.CROSS, request=live.request, subject=live.answer, reference=shadow.answer))
    pair = AnsweredPair(live=live, reference=shadow, control=None, reason=ControlReason.NONE)
    whole = pair_record(pair, comparisons=[cross], payoffs=[], exchanges=(), alterations=[])
    whole = replace(whole, pair=replace(whole.pair, comparable="two different APIs answered: secret"))
    kept = withhold_pair(whole, bodies)
    assert kept.pair.request_fingerprint == whole.pair.request_fingerprint
    assert [each.state for each in kept.findings] == [each.state for each in whole.findings]
    assert ("secret" in repr(asdict(kept))) is (bodies == "full")


@pytest.mark.parametrize(
    ("reason", "kept"),
    [
        ("", ""),
        ("two different APIs answered: /a and /b", f"two different APIs answered ({NOT_KEPT})"),
        ("the request could not be read: not_json: my prompt", f"the request could not be read ({NOT_KEPT})"),
        ("my prompt", NOT_KEPT),
        (
            "the reference returned no complete response (refused: context 8192): error 400 x: my prompt",
            f"the reference returned no complete response (refused: context 8192): error 400 ({NOT_KEPT})",
        ),
        (
            "the provider returned no complete response (failed): not_json: my prompt",
            f"the provider returned no complete response (failed): not_json ({NOT_KEPT})",
        ),
        (
            "the provider returned no complete response (failed): my prompt",
            f"the provider returned no complete response (failed) ({NOT_KEPT})",
        ),
        (
            "the reference gave no whole answer (barred): status 429: my prompt",
            f"the reference gave no whole answer (barred): status 429 ({NOT_KEPT})",
        ),
    ],
)
def test_of_a_reason_the_fixed_words_are_kept_whatever_is_kept_of_bodies(reason, kept):
    assert without_quotes(reason) == kept


def test_body_that_was_not_there_has_no_digest_and_a_finding_without_a_reason_gets_none():
    parsed = parse_exchange(made(request=asked("Another secret"), answered=False))
    check = Finding(signal=Signal.LOST_SPACE, state=FindingState.DIFFER)
    kept = withhold_exchange(exchange_record(parsed, outcomes=[], checks=[check]), "hash")
    assert (kept.exchange.response_digest, kept.exchange.request_digest) == ("", digest(asked("Another secret")))
    assert [finding.reason for finding in kept.findings] == [""]
    assert [finding.reason for finding in record("hash").findings] == [NOT_KEPT]
    assert record("hash").exchange.response_digest != ""
    assert record("none").exchange.response_digest == ""
