"""Which pairs each flag of `pairs` leaves, of records in which each name stands in one pair alone."""

import json

import pytest

from storage.opening import open_store
from storage.storage_config import StorageConfig
from tests.records import NOW, add_pair, calling

pytestmark = pytest.mark.slow
NAMED = {
    "provider": "near",
    "model": "kestrel",
    "route": "agents",
    "tag": "search",
    "tenant": "alpha",
    "conversation": "chat-1",
}


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    """A database of a pair for each name, and of one that differs in its arguments; its path, and the ids by name."""
    path = tmp_path_factory.mktemp("named") / "named.db"
    store = open_store(StorageConfig(url=f"sqlite:///{path}"))
    ids = {}
    for number, (kind, name) in enumerate(NAMED.items()):
        more = {"provider": "far", "started": NOW + number, kind: name}
        ids[kind] = add_pair(store, more.pop("provider"), "Hello", "Hello", **more)
    ids["differs"] = add_pair(store, "far", calling("Oslo"), calling("Quito"), started=NOW + 100)
    assert store.flush(20)
    store.close()
    return str(path), ids


@pytest.fixture
def listed(run, records):
    """`listed("--tag", "search")`: what the ids that are listed stand for."""
    path, ids = records
    names = {one: name for name, one in ids.items()}

    def listing(*flags):
        code, out, err = run("pairs", "--db", path, "--all", "--json", *flags)
        assert (code, err) == (0, "")
        return [names[one["id"]] for one in json.loads(out)["pairs"]]

    return listing


@pytest.mark.parametrize("kind", NAMED)
def test_name_leaves_the_pairs_that_have_it(listed, kind):
    assert listed(f"--{kind}", NAMED[kind]) == [kind]


def test_state_signal_segment_limit_and_period_leave_what_they_name(listed):
    assert listed("--state", "differ", "--signal", "arguments") == ["differs"]
    assert listed("--segment", "tag=search") == ["tag"]
    assert listed("-n", "2") == ["differs", "conversation"]
    assert listed("--until", "2023-11-14T22:13:21") == ["provider"]
    assert listed("--since", "2023-11-14T22:15:00") == ["differs"]


def test_former_name_of_a_flag_is_taken_with_a_note(run, records):
    code, _, err = run("pairs", "--db", records[0], "--all", "--aspect", "arguments")
    assert (code, err) == (0, "note: --aspect is now --signal; the old name ends with the next version\n")


def test_command_below_the_list_reads_the_same_records(run, records, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    assert f"--db {records[0]}" in run("pairs", "--db", records[0], "--all")[1].splitlines()[-1]
