"""The page of one pair: what it shows of real pairs, and that nothing stored can act on its reader."""

import json
import re
import unicodedata
from dataclasses import replace

import pytest
from prometheus_client import CollectorRegistry

from proxy.exchange import Failure, FailureKind
from shadow.findings.pair import ControlReason
from shadow.pages.page_set import PageSet
from shadow.pages.pair_page import pair_view
from shadow.report.evident_signals import EvidentSignals
from shadow.settings.config_errors import ConfigError
from shadow.settings.top_level_config import Config
from storage.rows import PairFilter
from storage.store import Store
from tests.exchanges import asked, exchange, said
from tests.pairs import RestingOn, keep_pair
from tests.reading import ATTRIBUTES, ELEMENTS, HOSTILE, Reading
from tests.records import add_pair, calling
from tests.running import PATIENCE

pytestmark = pytest.mark.slow


CONFIG = Config.model_validate(
    {"proxy": {"providers": {name: {"base_url": "https://example.com/v1"} for name in ("candidate", "official")}}}
)


@pytest.fixture
def pages(store: Store):
    return PageSet(store, CONFIG, CollectorRegistry())


@pytest.fixture
def resting(store, monkeypatch):
    """The pages where the verdict about the provider rests on its texts and on empty answers."""
    monkeypatch.setattr(PageSet, "evident", lambda *_: RestingOn("text", "empty_answer", "answer_kind"))
    return PageSet(store, CONFIG, CollectorRegistry())


def read_pair(pages: PageSet, pair_id: str) -> Reading:
    return Reading(pages.pair.page(pair_id))


def test_two_answers_stand_side_by_side_with_their_words_marked(pages, store):
    page = read_pair(pages, keep_pair(store, said("It is 9 degrees"), said("It is 11 degrees")))
    assert [word for word in page.marked["ins"] if word != "only here"] == ["9"]
    assert [word for word in page.marked["del"] if word != "only in the reference"] == ["11"]
    assert "candidate against official" in " ".join(page.text.split())


def test_control_is_the_third_column(pages, store):
    page = read_pair(pages, keep_pair(store, said("one"), said("two"), said("three"), reason=ControlReason.TIEBREAK))
    assert "second answer of the reference (tie-break)" in page.text
    assert "three" in page.marked["ins"]
    assert "reference again" in page.text


def test_signal_stands_under_what_explains_it(resting, store):
    apart = resting.pair.page(keep_pair(store, said("one"), said("two"), said("two"), reason=ControlReason.RANDOM))
    assert "<th>text</th>" in apart[apart.index("✗ evidence") : apart.index("✓ same")]
    noisy = resting.pair.page(
        keep_pair(store, said("one"), said("two"), said("three"), reason=ControlReason.RANDOM, pair_id="9" * 32)
    )
    assert "<th>text</th>" in noisy[noisy.index("~ may be noise") : noisy.index("✓ same")]
    assert "the reference differs from itself too" in noisy


def test_failed_check_beside_a_reference_without_an_answer_is_no_evidence(pages, store):
    down = exchange(b'{"error":{"message":"overloaded"}}', status=500)
    name = keep_pair(store, said(""), down)
    page = " ".join(read_pair(pages, name).text.split())
    assert "The provider's answer failed a check: empty answers" in page
    assert "the reference gave no answer to check for it" in page
    assert "✗" not in page
    assert "passes this check" not in page
    assert store.pairs(PairFilter(evidence=True)) == []


def test_check_that_the_reference_passes_is_evidence(resting, store):
    name = keep_pair(store, said(""), said("It is 9 degrees"))
    assert "the reference's answer passes this check" in read_pair(resting, name).text
    assert [row.pair.id for row in store.pairs(PairFilter(evidence=True))] == [name]


def test_equal_texts_are_marked_identical(pages, store):
    page = read_pair(pages, keep_pair(store, said("the same"), said("the same")))
    assert "Both texts are identical" in page.text
    assert page.marked == {"ins": [], "del": []}


def test_each_group_has_its_mark_and_its_word(pages, store):
    page = read_pair(pages, keep_pair(store, said("Yes", finish_reason="length"), said("Yes")))
    for shown in ("~ may be noise", "✓ same", "? not measured"):
        assert shown in page.text


def test_a_pair_that_is_not_comparable_gives_its_reason_at_the_top(pages, store):
    failed = exchange(b'{"error": {"message": "overloaded"}}', 503, asked())
    page = read_pair(pages, keep_pair(store, failed, said("Fine.")))
    assert "Not compared: " in page.text
    assert "overloaded" in page.text
    assert page.marked["del"] == [], "nothing differs from an answer that never came"


def test_changes_and_the_request_can_be_unfolded(pages, store):
    pair = keep_pair(store, said(), said(), alterations=("`user` was left out",))
    page = read_pair(pages, pair)
    assert "`user` was left out" in page.text
    assert "Say hello" in page.text
    assert f"/exchanges/{pair}" in page.addresses


def test_failed_checks_are_shown_with_the_answer(pages, store):
    page = read_pair(pages, keep_pair(store, said("", finish_reason="stop"), said("Fine.")))
    assert "≠ empty answer" in page.text


def test_answer_deleted_by_retention_is_stated_as_missing(store):
    class Forgetful:
        def __getattr__(self, name):
            return getattr(store, name)

        def exchange(self, exchange_id):
            return None if exchange_id.startswith("r") else store.exchange(exchange_id)

    page = read_pair(PageSet(Forgetful(), CONFIG, CollectorRegistry()), keep_pair(store, said("Yes"), said("No")))
    assert "The answer of the reference is not in the store" in page.text
    assert "Yes" in page.text


def test_pair_page_without_bodies_is_rendered(pages, store):
    page = read_pair(pages, keep_pair(store, said("a secret"), said("a secret"), bodies="none"))
    assert "was not kept" in page.text
    assert "secret" not in page.text


def test_an_unknown_pair_has_no_page(pages):
    assert pages.pair.page("f" * 32) is None


@pytest.mark.promise("reader.page")
@pytest.mark.parametrize("payload", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_answer_cannot_act_on_its_reader(pages, store, payload):
    call = {"id": payload, "type": "function", "function": {"name": payload, "arguments": json.dumps({payload: payload})}}
    other = {"id": "c", "type": "function", "function": {"name": payload, "arguments": payload}}
    body = json.loads(said(payload, message={"tool_calls": [call, other], "reasoning_content": payload, "refusal": payload}))
    body |= {"model": payload, "system_fingerprint": payload}
    live = exchange(
        json.dumps(body).encode(),
        request=asked(
            payload, tools=[{"type": "function", "function": {"name": payload, "parameters": {payload: {}}}}], user=payload
        ),
        model=payload,
        tag=payload,
        route=payload[:50],
        provider=payload[:50],
        conversation=payload,
    )
    error = exchange(json.dumps({"error": {"message": payload, "type": payload, "code": payload}}).encode(), 400, asked(payload))
    written = "".join(
        [
            pages.pair.page(keep_pair(store, live, said(payload[::-1]), live, alterations=(payload,), pair_id="1" * 32)),
            pages.pair.page(keep_pair(store, error, said("fine"), pair_id="2" * 32)),
            pages.pairs.page({"model": payload, "provider": payload}),
            pages.pairs.page({}),
            pages.message("No such pair", payload),
        ]
    )
    page = Reading(written)
    assert page.elements <= ELEMENTS
    assert page.attributes <= ATTRIBUTES
    assert all(address.startswith(("/", "#")) and not address.startswith("//") for address in page.addresses)
    assert not [char for char in written if unicodedata.category(char) in {"Cc", "Cs"} and char not in "\t\n"]
    assert not {"\u202e", "\u2066", "\u200b", "\u2028", "\U000e0041"} & set(written)
    assert len(written) < 3_000_000
    written.encode()


def test_a_broken_stream_is_shown_with_its_end(pages, store):
    failure = Failure(kind=FailureKind.CLOSED, detail="the provider closed the stream", after_head=True)
    broken = exchange(b'data: {"choices": [{"delta": {"content": "Hal', request=asked(stream=True), failure=failure, stream=True)
    assert "the provider closed the stream" in read_pair(pages, keep_pair(store, broken, said("Half"))).text


def test_pair_leads_to_its_neighbours_in_the_list_of_its_filter(pages, store):
    for number in (1, 2, 3):
        provider = "official" if number == 2 else "candidate"
        live = exchange(said("Yes"), request=asked(), provider=provider)
        keep_pair(store, live, said("Yes"), pair_id=f"{number:032}")
    query = {"provider": "candidate", "show": "all"}
    words = "?provider=candidate&show=all"
    assert f"/pairs/{1:032}{words}" in Reading(pages.pair.page(f"{3:032}", query)).addresses
    assert f"/pairs/{3:032}{words}" in Reading(pages.pair.page(f"{1:032}", query)).addresses
    assert not [each for each in Reading(pages.pair.page(f"{1:032}", query)).addresses if f"{2:032}" in each]
    assert f"/pairs/{2:032}?show=all" in Reading(pages.pair.page(f"{1:032}", {"show": "all"})).addresses


def test_request_is_sent_again_by_a_command(pages, store):
    assert f"sameweights show {'a' * 32} --curl" in read_pair(pages, keep_pair(store, said(), said())).text


def test_answer_of_a_million_characters_is_cut_with_a_sentence(pages, store):
    page = pages.pair.page(keep_pair(store, said("x" * 1_000_000), said("y" * 1_000_000)))
    assert "the first 60,000 of 1,000,000 characters are shown" in page
    assert len(page) < 1_000_000


@pytest.mark.parametrize("name", ["colour", "limit"])
def test_parameter_that_the_page_does_not_know_is_refused(pages, store, name):
    pair = keep_pair(store, said(), said())
    with pytest.raises(ConfigError, match="there is no filter"):
        pages.pair.page(pair, {name: "x"})


def test_aligned_calls_name_the_side_of_each_column(pages, store):
    pair = add_pair(store, "candidate", calling("Oslo"), calling("Bergen"), calling("Bergen"))
    assert store.flush(PATIENCE)
    calls = pages.pair.page(pair).partition("<h2>Tool calls</h2>")[2].partition("</thead>")[0]
    assert re.findall(r'class="quiet side">([^<]+)<', calls) == ["provider", "reference", "reference again"]


@pytest.fixture
def of_one_store(sqlite_store):
    return PageSet(sqlite_store, CONFIG, CollectorRegistry()).pair


def test_bug_report_is_about_this_pair_and_there_is_none_of_an_unknown_one(of_one_store, sqlite_store):
    name = keep_pair(sqlite_store, said("It is 9 degrees"), said("It is 11 degrees"))
    report = of_one_store.report(name, EvidentSignals(()))
    assert "It is 9 degrees" in report
    assert name in report
    assert of_one_store.report("none", EvidentSignals(())) is None


def test_part_of_an_id_that_several_pairs_have_names_five_of_them(of_one_store, sqlite_store):
    for number in range(6):
        keep_pair(sqlite_store, said("one"), said("two"), pair_id=f"{number:x}" + "b" * 31)
    sentence = of_one_store.absent("bbbb")
    assert sentence.startswith("'bbbb' is the beginning or the end of several ids; use one in full, as ")
    assert sentence.count("b" * 31) == 5
    assert of_one_store.absent("cccc").startswith("'cccc' is unknown, or was deleted")


def test_pair_leads_to_the_next_older_and_newer_one_with_the_text_of_the_list(of_one_store, sqlite_store):
    texts = ("herring one", "cod", "herring two", "cod", "herring three")
    names = [add_pair(sqlite_store, "candidate", text, "other", started=1_000.0 + place) for place, text in enumerate(texts)]
    assert sqlite_store.flush(PATIENCE)
    query = {"text": "herring", "show": "all"}
    middle, oldest, newest = (Reading(of_one_store.page(names[place], query)).addresses for place in (2, 0, 4))
    older, newer = (f"/pairs/{names[place]}?text=herring&show=all" for place in (0, 4))
    assert {older, newer} <= middle
    neighbour = f"/pairs/{names[2]}?text=herring&show=all"
    assert neighbour in oldest
    assert neighbour in newest
    assert not {f"/pairs/{names[place]}?text=herring&show=all" for place in (1, 3)} & (middle | oldest | newest)


@pytest.mark.parametrize(
    ("provider", "reference", "control", "same"),
    [("one", "one", None, True), ("one", "one", "two", True), ("one", "two", "one", False), ("", "", None, False)],
)
def test_texts_are_identical_where_those_of_provider_and_reference_are(sqlite_store, provider, reference, control, same):
    answers = [said(text) for text in (provider, reference, control) if text is not None]
    view = pair_view(sqlite_store, sqlite_store.pair(keep_pair(sqlite_store, *answers)))
    assert view.same_text is same
    assert [column.answer.title for column in view.columns] == ["provider", "reference", "control"][: len(answers)]
    assert view.missing == ()


def test_each_text_is_aligned_with_that_of_the_other_side_and_the_control_with_the_reference(sqlite_store):
    name = keep_pair(sqlite_store, said("a b"), said("a c"), said("a d"))
    view = pair_view(sqlite_store, sqlite_store.pair(name))
    assert [[piece.text.strip() for piece in column.text if piece.only] for column in view.columns] == [["b"], ["c"], ["d"]]
    assert view.marked
    assert view.request is not None


def test_times_are_drawn_on_the_scale_of_the_longest_answer(sqlite_store):
    quick, slow = (exchange(said("a"), request=asked())._replace(seconds=seconds) for seconds in (1.0, 4.0))
    view = pair_view(sqlite_store, sqlite_store.pair(keep_pair(sqlite_store, quick, slow)))
    one, other = view.columns
    assert other.end_at == pytest.approx(4 * one.end_at)


@pytest.mark.parametrize(
    ("stored", "sentences"),
    [("", ()), ("[]", ()), ('["a", 1]', ("a", "1")), ("no list", ("no list",)), ('{"a": 1}', ('{"a": 1}',))],
)
def test_changes_of_the_shadow_are_shown_as_they_were_stored(sqlite_store, stored, sentences):
    row = replace(sqlite_store.pair(keep_pair(sqlite_store, said("a"), said("b"))), alterations=stored)
    assert pair_view(sqlite_store, row).alterations == sentences
