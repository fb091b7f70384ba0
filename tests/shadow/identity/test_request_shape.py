import json

import pytest

from shadow.identity.request_shape import counted_sample, prompt_sample, request_shape, segments, tag_segment
from tests.shadow.compare.made import WEATHER, answer, ask, call, choice, completion, failed, pair

HISTORY = (
    {"role": "user", "content": "a"},
    {"role": "assistant", "content": "b", "reasoning_content": "thought"},
    {"role": "user", "content": "c"},
)


def test_a_shape_holds_counts_and_segments_and_no_word():
    asked = ask(messages=HISTORY, temperature=0.0, body={"tools": [{"function": {"name": WEATHER.name}}]})
    answers = (answer(completion(choice("a"), tokens=(2_000, 1))), answer(completion(choice("b"), tokens=(1_990, 1))))
    shape = request_shape(pair(*answers, asked))
    assert "thought" not in shape
    assert json.loads(shape)["segments"] == {
        "prompt": "under 1k",
        "tools": "yes",
        "stream": "yes",
        "greedy": "yes",
        "turn": "later",
    }
    sample = prompt_sample(shape)
    assert (sample.messages, sample.tools, sample.reasoning_turns, sample.reasoning_characters) == (3, 1, 1, 7)
    assert (sample.provider_tokens, sample.reference_tokens) == (2_000, 1_990)
    assert (sample.provider_completion, sample.reference_completion, sample.same_text) == (1, 1, 0)


def test_shape_has_the_system_message_the_sizes_and_equal_answers():
    plain = prompt_sample(request_shape(pair("a", "a", ask(messages=HISTORY))))
    opened = ({"role": "developer", "content": "Be short."}, *HISTORY)
    sample = prompt_sample(request_shape(pair("a", "a", ask(messages=opened))))
    assert (plain.system, sample.system) == (0, 1)
    assert sample.text_characters - plain.text_characters == len('{"role": "developer", "content": "Be short."}')
    assert sample.schema_characters == len(json.dumps([WEATHER.schema]))
    assert sample.same_text == 1
    assert prompt_sample(request_shape(pair("a", "b", ask(messages=opened)))).same_text == 0


def test_a_shape_of_an_older_version_is_no_sample():
    kept = json.loads(request_shape(pair("a", "a", ask())))
    assert prompt_sample(json.dumps(kept)) is not None
    del kept["system"]
    assert prompt_sample(json.dumps(kept)) is None


LONG = ask(messages=({"role": "user", "content": "x" * 8_000},), tools=())


def size_of(shape):
    return json.loads(shape)["segments"]["prompt"]


@pytest.mark.parametrize("reference", [answer(completion(choice("a"), tokens=(9_000, 1))), failed()])
@pytest.mark.parametrize("subject", [answer(completion(choice("a"), tokens=(70_000, 1))), answer(completion(choice("a")))])
def test_the_size_of_a_prompt_is_that_of_the_request_whatever_the_answers_count(subject, reference):
    assert size_of(request_shape(pair(subject, reference, LONG))) == "1k to 4k"


def test_a_picture_adds_nothing_to_the_size_of_a_prompt():
    parts = [{"type": "text", "text": "x" * 8_000}, {"type": "image_url", "image_url": {"url": "data:" + "y" * 400_000}}]
    picture = ask(messages=({"role": "user", "content": parts},), tools=())
    assert size_of(request_shape(pair("a", "a", picture))) == "1k to 4k"


def test_a_shape_without_both_counts_is_no_sample():
    assert prompt_sample(request_shape(pair("a", failed()))) is None
    for shape in ("{}", "", "[]", '{"messages": 1}'):
        assert prompt_sample(shape) is None


@pytest.mark.parametrize(
    ("tokens", "bucket"),
    [
        *((999, "under 1k"), (1_000, "1k to 4k"), (3_999, "1k to 4k"), (4_000, "4k to 16k"), (15_999, "4k to 16k")),
        *((16_000, "16k to 64k"), (63_999, "16k to 64k"), (64_000, "64k to 256k"), (255_999, "64k to 256k")),
        (256_000, "256k and more"),
    ],
)
def test_a_bucket_of_prompts_begins_at_its_bound_and_ends_before_the_next(tokens, bucket):
    assert segments(ask(), 4 * tokens)["prompt"] == segments(ask(), 4 * tokens + 3)["prompt"] == bucket


@pytest.mark.parametrize(("characters", "bucket"), [(3_968, "under 1k"), (3_969, "1k to 4k")])
def test_a_prompt_has_a_token_for_four_characters(characters, bucket):
    """The message itself and its role are 31 characters more."""
    asked = ask(messages=({"role": "user", "content": "x" * characters},), tools=())
    assert size_of(request_shape(pair("a", "a", asked))) == bucket


def test_a_request_with_media_is_no_sample_of_its_words():
    picture = ({"role": "user", "content": [{"type": "image_url", "image_url": {"url": "u"}}]},)
    assert counted_sample(request_shape(pair("a", "a", ask(messages=HISTORY)))) is not None
    assert counted_sample(request_shape(pair("a", "a", ask(messages=picture)))) is None
    assert counted_sample("{}") is None


def test_a_shape_is_read_once_for_its_sample(monkeypatch):
    shape, read = request_shape(pair("a", "a", ask(messages=HISTORY))), []
    monkeypatch.setattr(json, "loads", lambda text: read.append(text) or json.JSONDecoder().decode(text))
    assert counted_sample(shape) is not None
    assert read == [shape]


@pytest.mark.parametrize(("reasoning", "same"), [(None, 0), ("thought", 1)])
def test_answers_whose_reasoning_was_counted_and_not_sent_are_not_the_same_words(reasoning, same):
    said = completion(choice("a", reasoning=reasoning))
    said = said._replace(usage=said.usage._replace(reasoning_tokens=5))
    assert prompt_sample(request_shape(pair(answer(said), answer(said)))).same_text == same


@pytest.mark.parametrize(
    ("tag", "known", "segment"),
    [
        ("checkout", ("checkout", "search"), {"tag": "checkout"}),
        ("invented", ("checkout",), {"tag": "other"}),
        ("", ("checkout",), {"tag": "none"}),
        ("checkout", (), {}),
    ],
)
def test_tag_is_a_segment_of_the_configured_tags_alone(tag, known, segment):
    assert tag_segment(tag, known) == segment
    kept = json.loads(request_shape(pair("a", "a", ask()), segment))["segments"]
    assert {name: value for name, value in kept.items() if name == "tag"} == segment
    assert "prompt" in kept


@pytest.mark.parametrize(("tokens", "kept"), [(0, None), (1, 1), (2**53 - 1, 2**53 - 1), (2**53, None)])
def test_count_is_kept_from_one_to_the_largest_exact_number(tokens, kept):
    counted = answer(completion(choice("a"), tokens=(tokens, tokens)))
    shape = json.loads(request_shape(pair(counted, counted, ask())))
    assert (shape["provider_tokens"], shape["reference_tokens"]) == (kept, kept)
    assert (shape["provider_completion"], shape["reference_completion"]) == (kept or 0, kept or 0)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (choice("a"), choice("a"), 1),
        (choice("a"), choice("b"), 0),
        (choice(""), choice(""), 0),
        (choice(None), choice(None), 0),
        (choice("a", reasoning="x"), choice("a", reasoning="y"), 0),
        (choice("a", finish="stop"), choice("a", finish="length"), 0),
        (choice(None, calls=(call(),)), choice(None, calls=(call(),)), 1),
        (choice(None, calls=(call(),)), choice(None, calls=(call("other"),)), 0),
        (choice(None, calls=(call(),)), choice(None, calls=(call(arguments="{}"),)), 0),
    ],
)
def test_answers_are_the_same_words_where_text_reasoning_calls_and_end_are(one, other, same):
    shape = request_shape(pair(answer(completion(one)), answer(completion(other)), ask()))
    assert json.loads(shape)["same_text"] == same


def test_answers_of_several_choices_and_failed_ones_are_not_the_same_words():
    several = answer(completion(choice("a"))._replace(choices=(choice("a"), choice("a"))))
    assert json.loads(request_shape(pair(several, several, ask())))["same_text"] == 0
    assert json.loads(request_shape(pair(failed(), failed(), ask())))["same_text"] == 0


@pytest.mark.parametrize(
    ("fields", "division", "segment"),
    [
        ({"stream": False}, "stream", "no"),
        ({"tools": ()}, "tools", "no"),
        ({"temperature": 0}, "greedy", "yes"),
        ({"temperature": 0.1}, "greedy", "no"),
        ({"temperature": None}, "greedy", "no"),
        ({"messages": HISTORY[:1]}, "turn", "first"),
        ({"messages": HISTORY[:2]}, "turn", "later"),
    ],
)
def test_segment_of_a_request_by_what_it_has(fields, division, segment):
    assert segments(ask(**fields), 0)[division] == segment


@pytest.mark.parametrize("count", ["-1", "1.0", "true", "null"])
def test_shape_with_a_count_that_is_no_whole_number_is_no_sample(count):
    shape = request_shape(
        pair(answer(completion(choice("a"), tokens=(7, 1))), answer(completion(choice("a"), tokens=(7, 1))), ask())
    )
    assert prompt_sample(shape) is not None
    assert prompt_sample(shape.replace('"provider_tokens": 7', f'"provider_tokens": {count}')) is None
    assert prompt_sample(shape.replace('"tools": 1', '"tools": 0')).tools == 0
