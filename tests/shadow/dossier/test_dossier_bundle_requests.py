"""The requests of a dossier that can be sent again: which they are, in which order, and what they no longer hold."""

import json

import pytest

from shadow.dossier.dossier_bundle import write_dossier
from tests.conformance import START, exchange_record, pair_record
from tests.exchanges import asked
from tests.records import NOW, add_pair, calling


@pytest.fixture
def requests(sqlite_store, tmp_path):
    """The requests of a dossier about `near` over these exchanges, each with a pair, in the order of their times."""

    def made(*exchanges):
        for place, fields in enumerate(exchanges):
            more = {"started": START + place}
            sqlite_store.add_exchange(exchange_record(f"pair-{place}", calls=0, checks=0, **{**more, **fields}))
            sqlite_store.add_pair(pair_record(f"pair-{place}", **more))
        assert sqlite_store.flush(20)
        period = (0.0, START + 10_000)
        written = write_dossier(sqlite_store, "near", period, tmp_path / "d", version="1", with_text=True)
        lines = (tmp_path / "d" / "requests.jsonl").read_text(encoding="utf-8").splitlines()
        assert (written.requests, written.pairs) == (len(lines), len(exchanges))
        assert (tmp_path / "d" / "chain.txt").read_text(encoding="utf-8").splitlines()[-1].startswith(f"{written.link} ")
        return [json.loads(line) for line in lines]

    return made


def contents(found):
    return [one["messages"][0]["content"] for one in found]


def test_newest_request_stands_first_and_chat_requests_alone_are_there(requests):
    found = requests(
        {"request_body": asked("first")},
        {"request_body": asked("with a query"), "target": "/v1/chat/completions?version=1"},
        {"request_body": asked("another API"), "target": "/v1/responses"},
        {"request_body": asked("behind a prefix"), "target": "/near/v1/chat/completions"},
        {"request_body": None},
        {"request_body": b'{"model": "m", "messages": [{"role": "user", "content": "cut'},
        {"request_body": b'["a list"]'},
        {"request_body": b'{"model": "no messages"}'},
        {"request_body": b'{"messages": "a text"}'},
        {"request_body": asked("last")},
    )
    assert contents(found) == ["last", "behind a prefix", "with a query", "first"]


def test_request_has_no_name_of_its_conversation_and_keeps_its_other_members(requests):
    named = {"conversation": {"id": "talk-1"}, "previous_response_id": "r-1", "session_id": "s-1", "metadata": {"talk": "talk-1"}}
    [found] = requests({"request_body": asked("Hello", temperature=0.5, **named)})
    assert found == {
        "model": "pretend-small",
        "messages": [{"role": "user", "content": "Hello"}],
        "temperature": 0.5,
        "metadata": {"talk": None},
    }


@pytest.mark.slow
def test_two_hundred_requests_are_those_of_the_newest_pairs(requests):
    found = requests(*({"request_body": asked(f"number {place}")} for place in range(202)))
    assert contents(found) == [f"number {place}" for place in range(201, 1, -1)]


def test_telling_pairs_stand_before_the_newest_ones_and_each_once(sqlite_store, tmp_path):
    for number in range(40):
        wrong = number < 30
        request = asked(f"number {number}")
        add_pair(sqlite_store, "p", calling("Oslo" if wrong else "Quito"), calling("Quito"), calling("Quito"), request=request,
                 started=NOW + number)  # fmt: skip
    assert sqlite_store.flush(20)
    write_dossier(sqlite_store, "p", (0.0, NOW + 60), tmp_path / "d", version="1", with_text=True)
    lines = (tmp_path / "d" / "requests.jsonl").read_text(encoding="utf-8").splitlines()
    found = contents(json.loads(line) for line in lines)
    telling = [f"number {number}" for number in range(29, 19, -1)]
    assert found == [*telling, *(f"number {number}" for number in range(39, -1, -1) if f"number {number}" not in telling)]


@pytest.mark.slow
def test_requests_of_the_newest_200_pairs_are_there(requests):
    found = contents(requests(*({"request_body": asked(f"number {number}")} for number in range(202))))
    assert (len(found), found[0], found[-1]) == (200, "number 201", "number 2")
