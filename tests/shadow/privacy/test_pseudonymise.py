"""shadow.privacy.pseudonymise: no word stays, and comparisons of tiers 0 to 2 find what they found before."""

import itertools
import json
import random
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shadow.compare.comparators import compare
from shadow.demo.demo_tasks import tasks
from shadow.demo.draws import RandomDraws, generator
from shadow.demo.planted_faults import PlantedFaults, with_faults
from shadow.demo.pretended_model import draw_reply
from shadow.findings.finding import Signal
from shadow.findings.pair import Pair, PairKind
from shadow.measures.schema_validation import call_kinds
from shadow.privacy.pseudonymise import Pseudonymiser, _count
from shadow.reading.parsed_exchange import parse_exchange, parse_shadow_exchange
from tests.exchanges import asked, exchange, said

KEY = b"0123456789abcdef"
LATER = {Signal.FIRST_CHUNK, Signal.FIRST_TOKEN, Signal.INTER_CHUNK, Signal.TOTAL, Signal.RATE}
"""Tier 4: times, which are kept beside the bodies and not in them."""
LOST = {Signal.FIRST_DIVERGENCE, Signal.TEMPLATE_INPUT}
"""What needs the words in their order, or the lengths of the prompt's parts."""


def body_of(drawn, prompt_tokens=20):
    made = [
        {"id": f"call_{n}", "type": "function", "function": {"name": c.name, "arguments": c.arguments}}
        for n, c in enumerate(drawn.calls)
    ]
    message = {"content": drawn.text or None, **({"tool_calls": made} if made else {})}
    whole = json.loads(said("", message=message, finish_reason="tool_calls" if made else "stop"))
    whole["usage"] = {"prompt_tokens": prompt_tokens, "completion_tokens": len(drawn.text) // 4 + 9, "total_tokens": 0}
    return json.dumps(whole).encode()


def edited(text: str, chance: random.Random) -> str:
    """A text of which a random share of the words was replaced, left out or moved."""
    share, words = chance.random() * 0.7, text.split()
    changed = [
        chance.choice([word.upper(), "", f"{word} indeed", "another"]) if chance.random() < share else word for word in words
    ]
    return " ".join(sorted(changed) if chance.random() < 0.05 else changed)


def answered_twice(count: int):
    """Pairs of answers to generated tasks, the first of a server with faults."""
    faults = PlantedFaults(drop_tool_calls=0.2, garble_arguments=0.2)
    chance = random.Random(4)
    for number, body in enumerate(itertools.islice(tasks(7), count)):
        drawn = [draw_reply(body, RandomDraws(generator(number, side), 1.0)) for side in (0, 1)]
        if number % 2 and drawn[1].text:
            drawn[1] = replace(drawn[1], text=drawn[1].text * 3)
            drawn[0] = replace(drawn[1], text=edited(drawn[1].text, chance), calls=())
        drawn[0] = with_faults(drawn[0], faults, RandomDraws(generator("fault", number), 1.0))
        request = json.dumps({**body, "stream": False}).encode()
        live = parse_exchange(exchange(body_of(drawn[0], 20 + (chance.random() < 0.3)), request=request))
        yield live, parse_shadow_exchange(exchange(body_of(drawn[1]), request=request), live)


def pseudonymised(pseudonymiser, seen):
    outcomes = call_kinds(seen.request, seen.answer)
    return pseudonymiser.request(seen), pseudonymiser.response(seen, outcomes)


def findings(live, shadow):
    found = compare(Pair(kind=PairKind.CROSS, request=live.request, subject=live.answer, reference=shadow.answer)).findings
    return {finding.signal: finding.state for finding in found}


@pytest.mark.slow
def test_nine_in_ten_findings_and_more_survive_in_every_signal_of_tiers_0_to_2():
    same, all_ = Counter(), Counter()
    for number, (live, shadow) in enumerate(answered_twice(150)):
        pseudonymiser = Pseudonymiser(KEY, f"c{number}")
        request, answer = pseudonymised(pseudonymiser, live)
        _, other = pseudonymised(pseudonymiser, shadow)
        again = parse_exchange(exchange(answer, request=request))
        before, after = findings(live, shadow), findings(again, parse_shadow_exchange(exchange(other, request=request), again))
        for signal in before.keys() - LATER - LOST:
            all_[signal] += 1
            same[signal] += before[signal] == after[signal]
    shares = {signal.value: same[signal] / all_[signal] for signal in all_}
    print(f"states that survive: {same.total() / all_.total():.4f} of {all_.total()}", shares)
    assert min(shares.values()) >= 0.9, shares
    assert same.total() / all_.total() >= 0.99


@settings(max_examples=60)
@given(st.lists(st.sampled_from(["alpha", "Bravo", "charlie", "delta-four", "12345678", "Ünïcode"]), min_size=3, max_size=60))
def test_no_word_of_a_text_is_in_its_pseudonym_and_its_length_is(words):
    text = " ".join(words)
    hidden = Pseudonymiser(KEY, "c").text(text)
    assert not [word for word in set(words) if word in hidden]
    assert len(hidden) >= len(text)


def test_no_word_of_a_request_or_an_answer_is_in_its_pseudonym():
    call = {"id": "1", "type": "function", "function": {"name": "send", "arguments": '{"to": "somebody", "amount": 4711}'}}
    request = asked(
        "A secret question", tools=[{"type": "function", "function": {"name": "send", "parameters": {"secret": "x"}}}]
    )
    seen = parse_exchange(
        exchange(said("A secret answer", message={"tool_calls": [call], "reasoning_content": "secret"}), request=request)
    )
    kept = b"".join(pseudonymised(Pseudonymiser(KEY, "c"), seen))
    for word in (b"secret", b"question", b"answer", b"somebody", b"4711", b"amount"):
        assert word not in kept
    assert b"send" in kept


def test_a_pseudonym_differs_between_conversations_and_between_keys():
    text = "the same words"
    assert (
        len({Pseudonymiser(KEY, "a").text(text), Pseudonymiser(KEY, "b").text(text), Pseudonymiser(KEY * 2, "a").text(text)}) == 3
    )
    assert Pseudonymiser(KEY, "a").text(text) == Pseudonymiser(KEY, "a").text(text)


@pytest.mark.parametrize(
    ("text", "opening", "ending"), [("I cannot help with that.", "I cannot ", " "), ("Which city?", "", "?")]
)
def test_result_of_the_word_rules_stays_as_a_fixed_phrase(text, opening, ending):
    hidden = Pseudonymiser(KEY, "c").text(text)
    assert hidden.startswith(opening)
    assert hidden.endswith(ending) or ending == " "


def test_errors_keep_their_kind_without_their_words():
    error = b'{"error":{"message":"Rate limit reached for someone@example.org","type":"requests","code":"rate_limit_exceeded"}}'
    [_, hidden] = pseudonymised(Pseudonymiser(KEY, "c"), parse_exchange(exchange(error, status=429, request=asked())))
    assert b"someone" not in hidden
    assert json.loads(hidden)["error"]["code"] == "rate_limit_exceeded"


def test_an_unreadable_exchange_has_no_pseudonymised_bodies():
    assert pseudonymised(Pseudonymiser(KEY, "c"), parse_exchange(exchange(b"<html>", request=b"no json"))) == (None, None)


def test_surrogates_and_long_numbers_are_storable():
    strange = said("a \ud800 b").replace(b'"stop"', b'"st\\ud800p"')
    [_, hidden] = pseudonymised(Pseudonymiser(KEY, "\ud800"), parse_exchange(exchange(strange, request=asked(seed=1))))
    assert isinstance(json.loads(hidden), dict)


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("a" * 200, 12),
        ("a" * 201, 201),
        ("a" * 511, 511),
        ("a" * 512, 12),
        ("a" * 511 + " " + "a" * 400, 912),
        ("a" * 512 + " " + "a" * 400, 12),
        ("é" * 512, 512),
        ("é" + "a" * 600, 601),
    ],
)
def test_only_a_text_keeps_its_length_and_no_short_value_or_encoded_bytes(text, length):
    call = {"id": "1", "type": "function", "function": {"name": "send", "arguments": json.dumps({"body": text})}}
    seen = parse_exchange(exchange(said("", message={"tool_calls": [call]})))
    kept = json.loads(Pseudonymiser(KEY, "c").response(seen, ("valid",)))
    [hidden] = json.loads(kept["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"]).values()
    assert (len(hidden) >= length) if length > 12 else (len(hidden) == 12)


def test_vectors_are_kept_in_no_form():
    live = exchange(b'{"data": [{"index": 0, "embedding": [0.25]}], "model": "m"}', request=b'{"model": "m", "input": "secret"}')
    seen = parse_exchange(live._replace(request=live.request._replace(target="/v1/embeddings")))
    assert seen.answer.completion.vectors
    pseudonymiser = Pseudonymiser(KEY, "talk")
    assert pseudonymiser.response(seen, ()) is None
    assert b"secret" not in pseudonymiser.request(seen)


@pytest.mark.parametrize(("digits", "kept"), [("9" * 40, "9" * 40), ("9" * 41, "9" * 40), ("18446744073709551615", 2**64 - 1)])
def test_a_number_that_no_writer_takes_is_kept_as_its_first_40_digits(digits, kept):
    assert _count(digits) == kept


@pytest.mark.parametrize(
    ("number", "kept"), [(2**64 - 1, 2**64 - 1), (2**64, str(2**64)), (-(2**63), -(2**63)), (-(2**63) - 1, str(-(2**63) - 1))]
)
def test_a_number_of_64_bits_stays_a_number(number, kept):
    assert _count(str(number)) == kept
