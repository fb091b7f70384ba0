"""The pairs that show the most."""

from types import SimpleNamespace

from shadow.dossier.telling_pairs import telling_pairs
from storage.rows import PairFilter
from tests.records import NOW, add_pair, calling

ALL = (0.0, NOW + 60)


def test_evidence_in_the_signal_of_the_verdict_comes_first(store):
    text = add_pair(store, "p", "Hello", calling("Oslo"), calling("Oslo"))
    arguments = add_pair(store, "p", calling("Oslo"), calling("Quito"), calling("Quito"))
    add_pair(store, "p", "Hello", "Hello", "Hello")
    assert store.flush(20)
    found = [line.summary.pair.id for line in telling_pairs(store, "p", ("arguments",), *ALL)]
    assert found == [arguments, text]


def test_at_most_ten_and_none_of_another_provider(store):
    for _ in range(12):
        add_pair(store, "p", calling("Oslo"), calling("Quito"), calling("Quito"))
        add_pair(store, "q", calling("Oslo"), calling("Quito"), calling("Quito"))
    assert store.flush(20)
    found = telling_pairs(store, "p", (), *ALL)
    assert len(found) == 10
    assert {line.summary.pair.provider for line in found} == {"p"}


def test_other_conversations_come_before_another_pair_of_the_same(sqlite_store):
    names = [
        add_pair(sqlite_store, "p", calling("Oslo"), calling("Quito"), calling("Quito"), conversation=talk, started=NOW + place)
        for place, talk in enumerate(("b", "a", "a"))
    ]
    assert sqlite_store.flush(20)
    found = [line.summary.pair.id for line in telling_pairs(sqlite_store, "p", (), *ALL)]
    assert found == [names[2], names[0], names[1]]


def test_the_newest_300_pairs_that_are_evidence_alone_are_looked_at(sqlite_store):
    wanted = []
    reader = SimpleNamespace(pairs=lambda chosen: wanted.append(chosen) or ())
    assert telling_pairs(reader, "p", (), 5.0, 9.0) == ()
    assert wanted == [PairFilter(provider="p", since=5.0, until=9.0, evidence=True, limit=300)]
