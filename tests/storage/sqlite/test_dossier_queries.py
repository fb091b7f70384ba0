"""The pairs of one provider as the statistics count them."""

from tests.records import NOW, add_pair, calling


def test_pairs_have_their_payoffs_and_states_oldest_first(store):
    first = add_pair(store, "p", calling("Oslo"), calling("Quito"), calling("Quito"), started=NOW - 5)
    second = add_pair(store, "p", "Hello", "Hello", started=NOW)
    add_pair(store, "q", "Hello", "Hello")
    assert store.flush(20)
    found = store.judgements.counted_pairs("p", 0.0, 0.0)
    assert [row.id for row in found] == [first, second]
    assert (found[0].payoffs["arguments"], found[0].cross["arguments"], found[0].own["arguments"]) == (1, "differ", "match")
    assert (found[0].control_reason, found[1].control_reason, found[1].own) == ("random", "", {})
    assert found[0].cluster.startswith("talk-")
    assert found[0].judgement == ""


def test_period_includes_its_begin_and_not_its_end(store):
    name = add_pair(store, "p", "Hello", "Hello", started=NOW)
    assert store.flush(20)
    assert [row.id for row in store.judgements.counted_pairs("p", NOW, NOW + 1)] == [name]
    assert store.judgements.counted_pairs("p", NOW - 1, NOW) == []
