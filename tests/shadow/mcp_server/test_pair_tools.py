import json

import pytest

from tests.agents import Agent
from tests.conformance import exchange_record, pair_record
from tests.exchanges import asked, exchange, said
from tests.pairs import keep_pair
from tests.records import NOW, add_pair, calling


def calling_often(number: int, city: str) -> dict:
    """A choice that calls a tool so many times."""
    calls = [
        {"id": f"call_{each}", "type": "function", "function": {"name": "get_weather", "arguments": f'{{"{city}": {each}}}'}}
        for each in range(number)
    ]
    return {"message": {"content": None, "tool_calls": calls}, "finish_reason": "tool_calls"}


@pytest.mark.slow
async def test_pairs_that_differ_are_paged_newest_first_without_gap_or_repeat(store):
    ids = [add_pair(store, "garbler", calling("Oslo"), calling("Quito"), started=NOW + number) for number in range(7)]
    add_pair(store, "garbler", calling("Oslo"), calling("Oslo"), started=NOW + 9)
    assert store.flush(20)
    found, page = [], ""
    while True:
        answer = await Agent(store).result("list_divergent_pairs", since="all", signal="arguments", limit=3, page=page)
        found += [pair["id"] for pair in answer["pairs"]]
        page = answer["next_page"]
        if not page:
            break
    assert found == ids[::-1]


@pytest.mark.slow
async def test_a_pair_has_its_answers_calls_and_whether_the_noise_explains_a_finding(store):
    noisy = add_pair(store, "garbler", calling("Oslo"), calling("Quito"), calling("Lima"))
    steady = add_pair(store, "garbler", calling("Oslo"), calling("Quito"), calling("Quito"))
    once = add_pair(store, "garbler", calling("Oslo"), calling("Quito"))
    assert store.flush(20)
    explained = {}
    for name in (noisy, steady, once):
        pair = await Agent(store).result("get_pair", pair_id=name)
        [arguments] = [each for each in pair["differing"] if each["signal"] == "arguments"]
        explained[name] = arguments["explained_by_noise"]
        assert [answer["side"] for answer in pair["answers"]] == ["provider", "reference", "control"][: len(pair["answers"])]
        assert json.loads(pair["answers"][0]["calls"][0]["arguments"]["stored"]) == {"city": "Oslo"}
        assert "tools" in pair["matching"]
    assert explained == {noisy: True, steady: None, once: None}


@pytest.mark.slow
async def test_difference_is_beyond_the_noise_where_the_verdict_rests_on_its_signal(store):
    for number in range(60):
        add_pair(store, "garbler", calling(f"Oslo {number}"), calling("Quito"), calling("Quito"))
    name = add_pair(store, "garbler", calling("Oslo"), calling("Quito"), calling("Quito"))
    assert store.flush(20)
    differing = (await Agent(store).result("get_pair", pair_id=name))["differing"]
    assert {each["signal"]: each["explained_by_noise"] for each in differing}["arguments"] is False


@pytest.mark.slow
async def test_a_diff_names_the_argument_the_words_and_the_calls_that_differ(store):
    called = add_pair(store, "garbler", calling("Oslo"), calling("Quito"))
    spoke = add_pair(store, "garbler", "It is raining today", calling("Quito"))
    text = add_pair(store, "garbler", "It is raining today", "It is sunny today")
    assert store.flush(20)
    [place] = (await Agent(store).result("diff_pair", pair_id=called))["arguments"]
    assert (place["path"]["stored"], place["change"]) == ("city", "value")
    assert (place["provider"]["stored"], place["reference"]["stored"]) == ('"Oslo"', '"Quito"')
    assert [each["stored"] for each in (await Agent(store).result("diff_pair", pair_id=spoke))["calls_missing"]] == [
        "get_weather"
    ]
    words = (await Agent(store).result("diff_pair", pair_id=text))["provider_text"]
    assert [each["text"]["stored"] for each in words if each["only"]] == ["raining"]


async def test_diff_with_an_answer_that_was_not_requested_is_refused(store):
    name = add_pair(store, "garbler", "Hello", "Hi")
    assert store.flush(20)
    assert "no answer of the control" in await Agent(store).refusal("diff_pair", pair_id=name, against="control")


@pytest.mark.slow
@pytest.mark.parametrize(("calls", "note"), [(32, ""), (33, "only the first 32 of 33 calls were compared")])
async def test_the_first_32_calls_of_an_answer_are_shown_and_compared_and_the_others_are_counted(sqlite_store, calls, note):
    name = add_pair(sqlite_store, "garbler", calling_often(calls, "Oslo"), calling_often(calls, "Oslo"))
    assert sqlite_store.flush(20)
    provider = (await Agent(sqlite_store).result("get_pair", pair_id=name))["answers"][0]
    assert (len(provider["calls"]), provider["calls_in_all"]) == (32, calls)
    assert (await Agent(sqlite_store).result("diff_pair", pair_id=name))["calls_note"] == note


@pytest.mark.parametrize(("calls", "note"), [(25, ""), (26, "only the first 50 places of arguments are listed")])
async def test_the_first_50_places_of_arguments_are_listed_and_the_note_states_that_there_are_more(sqlite_store, calls, note):
    name = add_pair(sqlite_store, "garbler", calling_often(calls, "Oslo"), calling_often(calls, "Quito"))
    assert sqlite_store.flush(20)
    diff = await Agent(sqlite_store).result("diff_pair", pair_id=name)
    assert (len(diff["arguments"]), diff["calls_note"]) == (50, note)


@pytest.mark.parametrize(("end", "note"), [("", ""), (" end", "only the first 200 of 202 runs of words are listed")])
async def test_the_first_200_runs_of_words_are_listed_and_the_note_states_how_many_there_are(sqlite_store, end, note):
    # each word that differs stands between two runs of words that do not, and a run holds no space at its end
    mine, theirs = (" ".join(f"same{each} {other}{each}" for each in range(67)) + end for other in ("mine", "theirs"))
    name = add_pair(sqlite_store, "garbler", mine, theirs)
    assert sqlite_store.flush(20)
    diff = await Agent(sqlite_store).result("diff_pair", pair_id=name)
    assert (len(diff["provider_text"]), diff["text_note"]) == (200, note)


async def test_a_name_that_no_record_has_is_refused_and_one_without_pairs_in_the_period_is_an_empty_list(store):
    add_pair(store, "garbler", calling("Oslo"), calling("Quito"))
    store.add_exchange(exchange_record("routed"))
    store.add_pair(pair_record("routed", upstream="north"))
    assert store.flush(20)
    agent = Agent(store)
    assert "no such provider: 'garblr'" in await agent.refusal("list_divergent_pairs", since="all", provider="garblr")
    refusal = await agent.refusal("list_divergent_pairs", since="all", model="pretend-smal")
    # clients choose the names of models, so that a sentence with them could hold instructions
    assert "no such model: 'pretend-smal'" in refusal
    assert "pretend-small" not in refusal
    refusal = await agent.refusal("list_divergent_pairs", since="all", upstream="nort")
    assert "no such upstream: 'nort'" in refusal
    assert "north" not in refusal
    for given in ({"provider": "garbler"}, {"model": "pretend-small"}, {"upstream": "north"}):
        assert (await agent.result("list_divergent_pairs", since="2999-01-01", **given))["pairs"] == []


def calling_each(*names: str) -> dict:
    """A choice that calls these tools with the same arguments."""
    calls = [
        {"id": f"call_{each}", "type": "function", "function": {"name": name, "arguments": "{}"}}
        for each, name in enumerate(names)
    ]
    return {"message": {"content": None, "tool_calls": calls}, "finish_reason": "tool_calls"}


@pytest.mark.parametrize(
    ("mine", "theirs", "missing", "extra"),
    [
        (("a", "b"), ("a", "b"), [], []),
        (("a", "b"), ("a",), [], ["b"]),
        (("a",), ("a", "b"), ["b"], []),
        (("a", "c"), ("a", "b"), ["b"], ["c"]),
    ],
)
async def test_calls_of_one_side_alone_are_missing_or_extra(sqlite_store, mine, theirs, missing, extra):
    name = add_pair(sqlite_store, "garbler", calling_each(*mine), calling_each(*theirs))
    assert sqlite_store.flush(20)
    diff = await Agent(sqlite_store).result("diff_pair", pair_id=name)
    assert ([each["stored"] for each in diff["calls_missing"]], [each["stored"] for each in diff["calls_extra"]]) == (
        missing,
        extra,
    )


async def test_51_places_of_one_call_are_noted_too(sqlite_store):
    mine, theirs = (
        {"message": {"content": None, "tool_calls": [call_of(value)]}, "finish_reason": "tool_calls"} for value in (1, 2)
    )
    name = add_pair(sqlite_store, "garbler", mine, theirs)
    assert sqlite_store.flush(20)
    diff = await Agent(sqlite_store).result("diff_pair", pair_id=name)
    assert (len(diff["arguments"]), diff["calls_note"]) == (50, "only the first 50 places of arguments are listed")


def call_of(value: int) -> dict:
    arguments = json.dumps({f"k{each:02}": value for each in range(51)})
    return {"id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": arguments}}


async def test_trouble_of_an_answer_is_stored_text_and_absent_from_a_whole_one(sqlite_store):
    broken = exchange(b'{"error": {"message": "overloaded"}}', 503, asked())
    name = keep_pair(sqlite_store, said("Yes"), broken)
    assert sqlite_store.flush(20)
    whole, failed = (await Agent(sqlite_store).result("get_pair", pair_id=name))["answers"]
    assert whole["trouble"] is None
    assert "overloaded" in failed["trouble"]["stored"]


@pytest.mark.parametrize(("limit", "more"), [(3, False), (2, True)])
async def test_page_leads_on_only_where_there_are_further_pairs(sqlite_store, limit, more):
    for number in range(3):
        add_pair(sqlite_store, "garbler", calling("Oslo"), calling("Quito"), started=NOW + number)
    assert sqlite_store.flush(20)
    answer = await Agent(sqlite_store).result("list_divergent_pairs", since="all", limit=limit)
    assert (len(answer["pairs"]), bool(answer["next_page"])) == (limit, more)
