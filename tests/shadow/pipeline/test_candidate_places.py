"""CandidatePlaces: which candidates get a copy of a request, and why the others do not."""

from collections import Counter

import pytest

from proxy.provider_config import Provider, ProxyConfig, Route
from shadow.pipeline import candidate_places
from shadow.pipeline.candidate_copies import CandidateCopies
from shadow.pipeline.candidate_places import CandidatePlaces
from shadow.pipeline.shadow_queue import body_bytes
from shadow.reading.parsed_exchange import parse_exchange
from shadow.settings.top_level_config import Config, ShadowConfig, TournamentConfig
from tests.exchanges import asked, exchange, said

SECRET = bytes(32)
SIGNED = [{"role": "assistant", "content": [{"type": "thinking", "thinking": "x", "signature": "s"}]}]


def config(*candidates: str, concurrency: int = 2, queue: int = 0, wait: float = 30, per_request: int = 0, **settings) -> Config:
    providers = {name: Provider(base_url=f"http://{name}.example/v1") for name in ("live", "official", "north", "south")}
    providers |= {name: providers[name].model_copy(update=fields) for name, fields in settings.items()}
    route = Route(name="agents", provider="live", reference="official", candidates=candidates)
    return Config(
        proxy=ProxyConfig(providers=providers, routes=(route,)),
        shadow=ShadowConfig(concurrency=concurrency, queue=queue, wait=wait),
        tournament=TournamentConfig(per_request=per_request),
    )


def live(request: bytes = b"", **more):
    labels = {"provider": "live", "reference": "official", "route": "agents", **more}
    return parse_exchange(exchange(said(), request=request or asked(), **labels))


def places(*candidates: str, **more) -> tuple[CandidatePlaces, Counter[str]]:
    skipped: Counter[str] = Counter()
    return CandidatePlaces(config(*candidates, **more), lambda why: skipped.update([why]), secret=SECRET), skipped


def test_every_candidate_of_the_route_gets_a_copy():
    made, skipped = places("north", "south")
    assert made.take(live()) == ("north", "south")
    assert not skipped


def test_candidates_take_turns_by_conversation_and_each_keeps_its_own():
    made, skipped = places("north", "south", per_request=1, concurrency=1_000)
    took = {talk: {made.take(live(conversation=talk)) for _ in range(3)} for talk in map("talk-{}".format, range(60))}
    assert all(len(names) == 1 for names in took.values())
    assert {name for names in took.values() for name in names} == {("north",), ("south",)}
    assert not skipped


def test_turns_of_a_conversation_found_without_a_header_have_the_same_candidate():
    made, _ = places("north", "south", per_request=1, concurrency=1_000)
    turns = [live(id=f"turn-{number}")._replace(conversation="found") for number in range(20)]
    assert len({made.take(turn) for turn in turns}) == 1


def test_a_busy_candidate_is_not_replaced_by_the_one_that_has_no_turn():
    made, skipped = places("north", "south", per_request=1, concurrency=1)
    talk = live(conversation="talk-0")
    (name,) = made.take(talk)
    assert (made.take(talk), skipped["candidate_busy"]) == ((), 1)
    made.leave(talk, name)
    assert made.take(talk) == (name,)


@pytest.mark.parametrize("elsewhere", [{"route": "other"}, {"provider": "south"}, {"route": "default"}])
def test_request_of_another_route_or_provider_has_no_candidates(elsewhere):
    made, skipped = places("north")
    assert (made.take(live(**elsewhere)), dict(skipped)) == ((), {})


def test_candidate_that_is_the_reference_of_this_request_gets_no_copy():
    made, _ = places("north", "south")
    assert made.take(live(reference="north")) == ("south",)


def test_busy_candidate_is_skipped_alone_and_counted_until_it_has_a_place_again():
    made, skipped = places("north", "south", concurrency=2)
    for _ in range(2):
        made.take(live())
    made.leave(live(), "south")
    assert made.take(live()) == ("south",)
    assert skipped == {"candidate_busy": 1}
    made.leave(live(), "north")
    assert made.take(live()) == ("north",)
    assert repr(made) == "<CandidatePlaces taken={'north': 2, 'south': 2} places=2>"


@pytest.mark.parametrize(("room", "second"), [(2, ("north",)), (1, ())])
def test_bytes_of_a_candidate_are_bounded_and_a_single_request_always_fits(monkeypatch, room, second):
    size = body_bytes(live())
    monkeypatch.setattr(candidate_places, "MOST_BYTES", room * size)
    made, skipped = places("north", concurrency=8)
    assert made.take(live()) == ("north",)
    assert made.take(live()) == second
    assert skipped["candidate_busy"] == 2 - room
    monkeypatch.setattr(candidate_places, "MOST_BYTES", 1)
    alone, _ = places("north")
    assert alone.take(live()) == ("north",)


def test_sealed_thinking_goes_only_to_a_candidate_that_can_check_it_or_gets_none_of_it():
    request = asked(messages=[*SIGNED, {"role": "user", "content": "Go on"}])
    made, skipped = places("north", "south", south={"strip_thinking": True})
    assert made.take(live(request)) == ("south",)
    assert skipped == {"candidate_stateful": 1}
    own, _ = places("north", north={"base_url": "http://live.example/v1"})
    assert own.take(live(request)) == ("north",)


def test_reload_changes_the_candidates_and_keeps_the_places_taken():
    made, skipped = places("north", concurrency=1)
    made.take(live())
    made.reload(config("north", "south", concurrency=1))
    assert made.take(live()) == ("south",)
    assert skipped == {"candidate_busy": 1}


async def test_copy_waits_for_a_place_of_its_candidate_alone_and_not_for_ever():
    made, _ = places("north", "south", concurrency=1, queue=2, wait=0.01)
    assert await made.enter(live(), "north") == ""
    assert await made.enter(live(), "north") == "candidate_busy"
    assert await made.enter(live(), "south") == ""
    made.exit("north")
    assert await made.enter(live(), "north") == ""


async def test_no_candidate_gets_a_copy_once_the_money_of_its_tournament_is_spent():
    made, skipped = places("north", "south", concurrency=1, queue=4)
    made.renew(CandidateCopies(begun=frozenset({"agents"}), left=frozenset({("agents", 2.0)}), reading=1))
    assert made.take(live()) == ("north", "south")
    made.pay(live(), 1.9)
    assert await made.enter(live(), "north") == ""
    made.pay(live(), 0.1)
    assert (made.take(live()), skipped) == ((), {"tournament_money": 2})
    assert await made.enter(live(), "south") == "tournament_money", "one that was taken before is not sent"
    assert await made.enter(live(route="chat"), "south") == "", "and leaves its place"


@pytest.mark.parametrize(("queue", "taken"), [(0, 2), (3, 5)])
def test_places_and_queue_bound_the_copies_of_a_candidate(queue, taken):
    made, skipped = places("north", concurrency=2, queue=queue)
    assert sum(bool(made.take(live())) for _ in range(8)) == taken
    assert skipped["candidate_busy"] == 8 - taken


@pytest.mark.parametrize(("size", "taken"), [(16 * 1024 * 1024 - 1_000, True), (16 * 1024 * 1024 - 999, False)])
def test_candidate_has_copies_of_16_mib_at_once_and_room_again_when_one_has_left(size, taken):
    made, skipped = places("north", concurrency=10)
    first, second = sized(1_000), sized(size)
    assert made.take(first) == ("north",)
    assert made.take(second) == (("north",) if taken else ())
    assert skipped == ({} if taken else {"candidate_busy": 1})
    if not taken:
        made.leave(first, "north")
        assert made.take(second) == ("north",)


def sized(count: int):
    """A request of so many bytes, which are not read."""
    parsed = live()
    exchange_ = parsed.exchange
    request, response = exchange_.request._replace(body=bytes(count)), exchange_.response._replace(body=b"")
    return parsed._replace(exchange=exchange_._replace(request=request, response=response))


def test_bytes_that_have_left_leave_room_for_others_of_the_same_size():
    made, _ = places("north", concurrency=10)
    large = sized(10 * 1024 * 1024)
    for _ in range(3):
        assert made.take(large) == ("north",)
        assert made.take(sized(1)) == ("north",)
        made.leave(large, "north")
        made.leave(sized(1), "north")
    assert repr(made) == "<CandidatePlaces taken={} places=10>"
