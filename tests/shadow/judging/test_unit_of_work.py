import pytest

from shadow.judging.unit_of_work import MirroredState


class Store:
    """A list that is read, and how often it was."""

    def __init__(self):
        self.rows, self.reads = ["a"], 0

    def read(self):
        self.reads += 1
        return list(self.rows)


@pytest.fixture
def store():
    return Store()


@pytest.fixture
def mirror(store):
    return MirroredState(store.read)


def test_state_is_read_once_however_often_it_is_used(store, mirror):
    assert (mirror.current(), mirror.current(), store.reads) == (["a"], ["a"], 1)


def test_committed_unit_keeps_its_change_without_another_read(store, mirror):
    with mirror.unit_of_work() as unit:
        unit.state.append("b")
        unit.commit()
    assert (mirror.current(), store.reads) == (["a", "b"], 1)


@pytest.mark.parametrize("refused", [False, True])
def test_unit_without_a_commit_or_with_a_refused_one_is_discarded(store, mirror, refused):
    with mirror.unit_of_work() as unit:
        unit.state.append("b")
        if refused:
            unit.commit(written=False)
    assert mirror.stale
    assert (mirror.current(), store.reads) == (["a"], 2)


@pytest.mark.parametrize("committed", [False, True])
def test_unit_that_raises_is_discarded_even_after_its_commit(store, mirror, committed):
    def fail():
        with mirror.unit_of_work() as unit:
            unit.state.append("b")
            if committed:
                unit.commit()
            raise OSError("full")

    with pytest.raises(OSError, match="full"):
        fail()
    assert mirror.stale
    assert (mirror.current(), store.reads) == (["a"], 2)


def test_state_is_stale_while_a_unit_is_open(mirror):
    with mirror.unit_of_work() as unit:
        assert mirror.stale
        unit.commit()
        assert mirror.stale
    assert not mirror.stale


def test_discarded_state_is_read_again_from_the_store(store, mirror):
    mirror.current()
    store.rows.append("b")
    mirror.discard()
    assert mirror.current() == ["a", "b"]


def test_read_that_raises_leaves_the_state_stale(store, mirror, monkeypatch):
    with monkeypatch.context() as context:
        context.setattr(store, "rows", None)
        with pytest.raises(TypeError):
            mirror.current()
    assert mirror.stale
    assert mirror.current() == ["a"]


def test_repr_shows_whether_state_and_unit_are_settled(mirror):
    assert repr(mirror) == "<MirroredState stale>"
    with mirror.unit_of_work() as unit:
        assert repr(unit) == "<UnitOfWork open>"
        unit.commit()
        assert repr(unit) == "<UnitOfWork committed>"
    assert repr(mirror) == "<MirroredState current>"
