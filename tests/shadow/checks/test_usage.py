import pytest

from shadow.checks.usage import usage
from shadow.findings.finding import FindingState
from shadow.reading.completion import Usage, Vector
from tests.shadow.compare.made import ask, choice, completion

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
