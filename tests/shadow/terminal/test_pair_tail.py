"""The pairs as they come."""

import json
from types import SimpleNamespace

import pytest

from shadow.terminal import pair_tail
from shadow.terminal.pair_tail import PairTail
from storage.erasure_choice import ErasureChoice
from tests.records import NOW, add_pair, calling


def evident(store):
    return add_pair(store, "garbler", calling("Oslo"), calling("Quito"), calling("Quito"))


def test_each_new_pair_comes_once_and_those_before_do_not(store):
    evident(store)
    assert store.flush(20)
    tail = PairTail(store, provider="", evidence=True)
    assert list(tail.lines()) == []
    add_pair(store, "faithful", "Hello", "Hello")
    names = [evident(store), evident(store)]
    assert store.flush(20)
    lines = list(tail.lines())
    assert [one.summary.pair.id for one in lines] == names
    assert list(tail.lines()) == []
    text = tail.pair_line_text(lines[0], width=120, color=False)
    assert text.startswith(f"22:13:20  {names[0]}  garbler  pretend-small  tool arguments")
    assert json.loads(tail.as_json(lines[0]))["evidence"] == ["arguments"]


def test_other_providers_are_left_out_and_all_pairs_may_be_wanted(store):
    tail = PairTail(store, provider="p", evidence=False)
    add_pair(store, "q", "Hello", "Hello")
    name = add_pair(store, "p", "Hello", "Hello")
    assert store.flush(20)
    assert [one.summary.pair.id for one in tail.lines()] == [name]


@pytest.mark.slow
def test_old_pairs_do_not_come_as_new_where_newer_ones_are_deleted(store):
    for place in range(520):
        add_pair(store, "p", "Hello", "Hello", started=NOW + place, tag="late" if place >= 220 else "")
    assert store.flush(20)
    tail = PairTail(store, provider="", evidence=False)
    store.forget(ErasureChoice(tag="late"))
    # the earliest of the 500 that were looked at started at 20
    new = [add_pair(store, "p", "Hello", "Hello", started=NOW + seconds) for seconds in (19.5, 20, 600)]
    assert store.flush(20)
    assert [one.summary.pair.id for one in tail.lines()] == new[1:]


@pytest.mark.slow
def test_every_pair_of_a_burst_beyond_500_comes_oldest_first(store):
    tail = PairTail(store, provider="", evidence=False)
    names = [add_pair(store, "p", "Hello", "Hello", started=NOW + place) for place in range(501)]
    assert store.flush(20)
    assert [one.summary.pair.id for one in tail.lines()] == names
    assert list(tail.lines()) == []


def test_tail_shows_how_many_pairs_it_has_seen(store):
    add_pair(store, "p", "Hello", "Hello")
    assert store.flush(20)
    tail = PairTail(store, provider="", evidence=False)
    add_pair(store, "p", "Hello", "Hello")
    assert store.flush(20)
    list(tail.lines())
    assert repr(tail) == "<PairTail seen=2>"


class Pairs:
    """A reader of pairs that are made by hand, the newest first."""

    def __init__(self):
        self.stored = []

    def add(self, name, started):
        self.stored.insert(0, SimpleNamespace(pair=SimpleNamespace(id=name, started=started)))

    def pairs(self, wanted):
        names = [one.pair.id for one in self.stored]
        begin = names.index(wanted.before_id) + 1 if wanted.before_id else 0
        return self.stored[begin : begin + wanted.limit]


@pytest.mark.slow
@pytest.mark.parametrize(("seen", "comes"), [(20_000, ["late", "last"]), (20_001, ["last"])])
def test_of_more_than_20000_pairs_the_earlier_half_is_old_by_its_time(monkeypatch, seen, comes):
    monkeypatch.setattr(pair_tail, "evidence_of", lambda *_: SimpleNamespace(found=1))
    reader = Pairs()
    tail = PairTail(reader, provider="", evidence=True)
    reader.stored = [
        SimpleNamespace(pair=SimpleNamespace(id=str(place), started=float(place))) for place in reversed(range(seen))
    ]
    assert len(list(tail.lines())) == seen
    reader.add("late", seen // 2 - 1.0)
    reader.add("last", seen + 1.0)
    assert [one.summary.pair.id for one in tail.lines()] == comes
