import pytest

from shadow.checks.usage import usage
from shadow.findings.finding import FindingState
from shadow.reading.completion import Usage, Vector
from tests.shadow.compare.made import ask, call, choice, completion, parts

NOTHING = (choice(None),)
ASKED = ask(body={"stream_options": {"include_usage": True}})


def said(prompt=10, completed=20, total=30, *, thought=None, cached=None, written=None, invalid="", **more):
    counts = Usage(
        prompt_tokens=prompt,
        completion_tokens=completed,
        total_tokens=total,
        reasoning_tokens=thought,
        cached_tokens=cached,
        cache_write_tokens=written,
        invalid=invalid,
    )
    return completion(choice("hello"))._replace(usage=counts, **more)


@pytest.mark.parametrize(
    ("asked", "answer", "state", "reason"),
    [
        (ASKED, said(), FindingState.MATCH, ""),
        (ask(), completion(choice("a"), tokens=None), FindingState.NOT_MEASURED, "usage was not requested"),
        (ASKED, completion(choice("a"), tokens=None), FindingState.DIFFER, "usage was due"),
        (ask(), completion(choice("a"), tokens=None, stream=False), FindingState.DIFFER, "usage was due"),
        (ASKED, said(total=None), FindingState.MATCH, ""),
        (ASKED, said(total=29), FindingState.DIFFER, "total_tokens is 29, and 10 and 20 are 30"),
        (ASKED, said(total=31), FindingState.NOT_MEASURED, "counts 1 more than prompt and completion"),
        (ASKED, said(total=31, thought=0), FindingState.DIFFER, "total_tokens is 31, and 10 and 20 are 30"),
        (ASKED, said(completed=None, total=10, choices=(choice(""),)), FindingState.MATCH, ""),
        (ASKED, said(completed=None, total=10), FindingState.DIFFER, "0 completion tokens"),
        (ASKED, said(total=75, thought=45), FindingState.MATCH, ""),
        (ASKED, said(thought=21), FindingState.DIFFER, "21 of the 20 completion tokens"),
        (ASKED, said(cached=11), FindingState.DIFFER, "11 of the 10 prompt tokens"),
        (ASKED, said(prompt=10, cached=8, written=3), FindingState.DIFFER, "reported as cached, and 3 as written to the cache"),
        (ASKED, said(prompt=10, cached=8, written=2), FindingState.MATCH, ""),
        (ASKED, said(prompt=10, cached=90, written=5, total=125), FindingState.MATCH, ""),
        (ASKED, said(invalid="cached_tokens is no token count"), FindingState.DIFFER, "cached_tokens is no token count"),
        (ASKED, said(prompt=0, total=20), FindingState.DIFFER, "0 prompt tokens"),
        (ASKED, said(prompt=None), FindingState.DIFFER, "names no prompt_tokens"),
        (ASKED, said(completed=None), FindingState.DIFFER, "names no completion_tokens"),
        (ASKED, said(completed=0, total=10), FindingState.DIFFER, "0 completion tokens"),
        (ASKED, said(notes=("usage came in x_groq",)), FindingState.DIFFER, "x_groq, where few clients look"),
        (ask(), said(notes=("usage came in x_groq",)), FindingState.MATCH, ""),
    ],
)
def test_usage_comes_where_it_is_owed_and_adds_up(asked, answer, state, reason):
    found = usage(asked, answer)
    assert found.state is state
    assert reason in found.reason


def test_vectors_may_be_counted_by_the_total_alone():
    vector = Vector(index=0, packed=b"")
    assert (
        usage(ask(), said(prompt=None, completed=None, total=9, vectors=(vector,), choices=NOTHING)).state is FindingState.MATCH
    )
    assert (
        usage(ask(), said(prompt=None, completed=None, total=None, vectors=(vector,), choices=NOTHING)).state
        is FindingState.DIFFER
    )


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (said(), ("match", 1.0, "right", "", "")),
        (completion(choice("a"), tokens=None), ("differ", 0.0, "missing", "", "usage was due and none came")),
        (
            said(notes=("usage came inside a choice",)),
            ("differ", 0.0, "misplaced", "", "usage came inside a choice, where few clients look"),
        ),
        (said(total=29), ("differ", 0.0, "wrong", "", "total_tokens is 29, and 10 and 20 are 30")),
        (
            said(total=45),
            (
                *("not_measured", None, "", ""),
                "total_tokens counts 15 more than prompt and completion, thinking or sounds that are not counted separately",
            ),
        ),
    ],
)
def test_finding_on_usage_states_what_it_is(answer, expected):
    assert parts(usage(ASKED, answer)) == ("usage", *expected)


@pytest.mark.parametrize(
    ("counts", "reason"),
    [
        ({"prompt": 1, "completed": 1, "total": 2}, ""),
        ({"prompt": 0, "completed": 0, "total": 0}, "usage reports 0 prompt tokens"),
        ({"total": 40, "thought": 10}, ""),
        ({"total": 41, "thought": 10}, "total_tokens is 41, and 10 and 20 are 30"),
        ({"total": 30, "thought": 20}, ""),
        ({"total": 30, "thought": 21}, "21 of the 20 completion tokens are reported as reasoning"),
        ({"total": 51, "thought": 21}, ""),
        ({"total": None, "thought": 21}, ""),
        ({"cached": 10}, ""),
        ({"cached": 10, "written": 1}, "10 of the 10 prompt tokens are reported as cached, and 1 as written to the cache"),
        ({"cached": 11}, "11 of the 10 prompt tokens are reported as cached"),
        ({"written": 11}, "0 of the 10 prompt tokens are reported as cached, and 11 as written to the cache"),
        ({"total": 41, "cached": 11}, ""),
        ({"total": 43, "cached": 11, "written": 2}, ""),
        ({"total": None, "cached": 11}, "11 of the 10 prompt tokens are reported as cached"),
        ({"completed": None, "total": 10}, "usage reports 0 completion tokens for a response with content"),
        ({"completed": None, "total": 11}, "usage names no completion_tokens"),
        ({"completed": None, "total": None}, "usage names no completion_tokens"),
        ({"prompt": None, "completed": None, "total": None}, "usage names no prompt_tokens"),
        ({"total": 29, "thought": 0}, "total_tokens is 29, and 10 and 20 are 30"),
    ],
)
def test_counts_add_up_with_reasoning_and_cache_beside_or_within_them(counts, reason):
    assert usage(ASKED, said(**counts)).reason == reason


@pytest.mark.parametrize(
    ("counts", "more"),
    [
        ({"total": 31}, 1),
        ({"total": 31, "thought": 0}, 0),
        ({"total": 35, "cached": 5}, 0),
        ({"total": 36, "cached": 5}, 6),
        ({"total": 35, "written": 5}, 0),
        ({"total": 37, "cached": 5, "written": 2}, 0),
        ({"prompt": 0, "total": 31}, 0),
        ({"completed": 0, "total": 31}, 0),
        ({"total": None}, 0),
    ],
)
def test_more_in_the_total_than_is_counted_separately_is_not_measured(counts, more):
    found = usage(ASKED, said(**counts))
    assert (f"counts {more} more than" in found.reason) == (more > 0)
    assert (found.state is FindingState.NOT_MEASURED) == (more > 0)


@pytest.mark.parametrize(
    ("options", "due"),
    [
        ({"include_usage": True}, True),
        ({"include_usage": False}, False),
        ({"include_usage": 1}, False),
        (5, False),
        (None, False),
    ],
)
def test_usage_of_a_stream_is_due_where_it_was_requested(options, due):
    found = usage(ask(body={"stream_options": options}), completion(choice("a"), tokens=None))
    assert found.state is (FindingState.DIFFER if due else FindingState.NOT_MEASURED)
    assert due or found.reason == "usage was not requested for this stream"


def test_completion_without_content_may_count_no_tokens():
    for made in (choice(None), choice(" ")):
        assert usage(ASKED, said(completed=0, total=10, choices=(made,))).state is FindingState.MATCH
    calling = choice(None, calls=(call(),))
    assert usage(ASKED, said(completed=0, total=10, choices=(calling,))).state is FindingState.DIFFER


def test_vectors_count_their_prompt_and_nothing_else():
    vectors = (Vector(index=0, packed=b""),)
    for counts, reason in (
        ({"prompt": 9, "completed": None, "total": 9}, ""),
        ({"prompt": 9, "completed": 0, "total": 9}, ""),
        ({"prompt": 9, "completed": None, "total": 10}, "total_tokens is 10, and 9 and 0 are 9"),
        ({"prompt": 9, "completed": None, "total": None}, ""),
        ({"prompt": 0, "completed": None, "total": 0}, "usage reports 0 prompt tokens"),
    ):
        assert usage(ask(), said(**counts, vectors=vectors, choices=NOTHING)).reason == reason
