"""A text is found in the stored bodies of pairs, in the order of the filter, until the time is over."""

import pytest

from shadow.report.text_search import SearchTime, TextSearch, how_far, search, searched_text
from shadow.settings.config_errors import ConfigError
from storage.rows import PairFilter
from tests.records import NOW, add_pair, calling

HERON = searched_text("text", "heron")
UNBOUNDED = SearchTime()


def found(store, wanted=None, *, rows=20, time=UNBOUNDED):
    assert store.flush(20)
    got = search(store, wanted or PairFilter(), HERON, rows=rows, time=time)
    return [(hit.summary.pair.id, hit.side) for hit in got.hits], got.read, got.more


def test_each_side_is_searched_newest_pair_first(store):
    add_pair(store, "a", "nothing", "nothing", started=NOW)
    mine = add_pair(store, "a", "a Heron", "x", started=NOW + 1)
    theirs = add_pair(store, "a", "x", calling("Heron"), started=NOW + 2)
    again = add_pair(store, "a", "x", "x", "HERON", started=NOW + 3)
    assert found(store) == ([(again, "control"), (theirs, "reference"), (mine, "provider")], 4, False)


def test_pairs_after_one_are_searched_oldest_first(store):
    ids = [add_pair(store, "a", "heron", "x", started=NOW + number) for number in range(4)]
    assert found(store, PairFilter(after_id=ids[1]), rows=1) == ([(ids[2], "provider")], 1, True)
    assert found(store, PairFilter(after_id=ids[3])) == ([], 0, False)


@pytest.mark.slow
def test_one_query_of_pairs_follows_another_in_both_directions(store):
    ids = [add_pair(store, "a", "x", "heron" if number in {0, 119} else "x", started=NOW + number) for number in range(120)]
    assert found(store, PairFilter(before_id=ids[119])) == ([(ids[0], "reference")], 119, False)
    assert found(store, PairFilter(after_id=ids[0])) == ([(ids[119], "reference")], 119, False)


def test_search_ends_with_its_time_and_reads_one_pair_at_least(store):
    for number in range(3):
        add_pair(store, "a", "heron", "x", started=NOW + number)
    moments = iter([0.0, 0.5, 1.0])
    assert found(store, time=SearchTime(limits=((lambda: next(moments), 1.0),)))[1:] == (2, True)
    late = iter([0.0, 9.0])
    assert found(store, time=SearchTime(limits=((lambda: next(late), 1.0),)))[1:] == (1, True)


@pytest.mark.parametrize("first", ["processor", "wall"])
def test_search_ends_with_the_clock_that_is_over_first(store, first):
    for number in range(3):
        add_pair(store, "a", "heron", "x", started=NOW + number)
    clocks = [iter([0.0, 0.5, 1.0]), iter([0.0] * 9)]
    spent, idle = clocks if first == "processor" else reversed(clocks)
    time = SearchTime(limits=((lambda: next(spent), 1.0), (lambda: next(idle), 1.0)))
    assert found(store, time=time)[1:] == (2, True)


@pytest.mark.parametrize(("longer", "cut"), [(0, 0), (1, 1)])
def test_pair_with_a_longer_text_than_is_searched_is_counted_where_it_was_not_found(store, longer, cut):
    add_pair(store, "a", "-" * (250_000 + longer), "x", started=NOW)
    add_pair(store, "a", "heron" + "-" * 250_000, "x", started=NOW + 1)
    assert store.flush(20)
    got = search(store, PairFilter(), HERON, rows=20, time=UNBOUNDED)
    assert (len(got.hits), got.read, got.cut) == (1, 2, cut)


def test_text_of_20_words_is_searched_and_one_of_21_is_refused():
    assert searched_text("--search", "a " * 20).excerpt(["a " * 20])
    with pytest.raises(ConfigError, match="--search: 21 words are more than 20"):
        searched_text("--search", "a " * 21)


@pytest.mark.parametrize("text", ["a", " a ", "x" * 201])
def test_text_of_one_character_or_more_than_200_is_refused(text):
    with pytest.raises(ConfigError, match=r"--search: .* characters are not between 2 and 200"):
        searched_text("--search", text)


@pytest.mark.parametrize("text", ["ab", "x" * 200])
def test_text_of_2_to_200_characters_is_searched(text):
    assert searched_text("--search", text).excerpt(iter([text])) == text


def test_the_number_of_rows_ends_a_search_with_others_left(sqlite_store):
    ids = [add_pair(sqlite_store, "a", "heron", "x", started=NOW + number) for number in range(3)]
    assert found(sqlite_store, rows=3) == ([(name, "provider") for name in reversed(ids)], 3, False)
    assert found(sqlite_store, rows=2) == ([(name, "provider") for name in ids[:0:-1]], 2, True)


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ((1, 0, 0), "Read the texts of 1 pair."),
        ((1_200, 0, 0), "Read the texts of 1,200 pairs."),
        ((3, 1, 0), "Read the texts of 3 pairs; of 1 no text is stored."),
        (
            (3, 1, 2),
            (
                "Read the texts of 3 pairs; of 1 no text is stored. "
                "Of 2 only the first 250,000 characters of a longer text were searched."
            ),
        ),
    ],
)
def test_how_far_a_search_came_is_a_sentence(counts, words):
    read, silent, cut = counts
    assert how_far(TextSearch(hits=(), read=read, silent=silent, cut=cut, last=None, more=False)) == words


def test_pairs_are_read_fifty_at_once_and_no_more_after_fewer(sqlite_store):
    wanted = []

    class Pairs:
        exchange = sqlite_store.exchange

        def pairs(self, chosen):
            wanted.append(chosen)
            return sqlite_store.pairs(chosen)

    for number in range(50):
        add_pair(sqlite_store, "a", "x", "x", started=NOW + number)
    assert sqlite_store.flush(20)
    assert search(Pairs(), PairFilter(), HERON, rows=20, time=UNBOUNDED).read == 50
    assert [chosen.limit for chosen in wanted] == [50, 50]
    wanted.clear()
    search(Pairs(), PairFilter(after_id=sqlite_store.pairs(PairFilter(limit=2))[1].pair.id), HERON, rows=20, time=UNBOUNDED)
    assert len(wanted) == 1
