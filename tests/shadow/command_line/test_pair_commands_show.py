"""`show` of a pair, of an answer alone and of neither, in each form."""

import json
import re

import pytest

from storage.opening import open_store
from storage.storage_config import StorageConfig
from tests.records import add_live, add_pair, calling


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    """A database of one pair and one answer without a pair: its path, and both ids."""
    path = tmp_path_factory.mktemp("shown") / "small.db"
    store = open_store(StorageConfig(url=f"sqlite:///{path}"))
    pair = add_pair(store, "garbler", calling("Oslo"), calling("Quito"), calling("Quito"))
    alone = add_live(store, "newcomer").exchange.id
    assert store.flush(20)
    store.close()
    return str(path), pair, alone


@pytest.fixture
def show(run, records, monkeypatch):
    """`show("pair", "--json")`: (code, out, err); the words pair and alone stand for the ids."""
    monkeypatch.setenv("COLUMNS", "100")
    path, pair, alone = records
    return lambda name, *flags: run("show", {"pair": pair, "alone": alone}.get(name, name), "--db", path, *flags)


def test_pair_is_shown_with_its_sides_as_text_and_as_json(show, records):
    code, out, err = show("pair")
    assert (code, err, out.startswith(records[1])) == (0, "", True)
    assert "Quito" in out
    document = json.loads(show("pair", "--json")[1])
    assert (document["schema"], records[1] in json.dumps(document)) == ("sameweights.pair/1", True)
    assert show("latest") == show("pair") == show(records[1][-8:])


def test_answer_without_a_pair_is_shown_alone_as_text_and_as_json(show, records):
    code, out, err = show("alone")
    assert (code, err, out.startswith(records[2])) == (0, "", True)
    document = json.loads(show("alone", "--json")[1])
    assert (document["schema"], records[2] in json.dumps(document)) == ("sameweights.answer/1", True)


def test_bytes_of_a_side_and_the_command_are_printed_and_nothing_else(show):
    assert (
        "Oslo"
        in json.loads(show("pair", "--raw", "response")[1])["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"]
    )
    assert show("pair", "--curl")[1].startswith("curl -sS -X POST ")
    assert show("alone", "--curl")[1].count("\n") > 1


def test_bug_report_is_about_the_pair_and_names_the_version(show, records):
    code, out, _ = show("pair", "--report")
    assert code == 0
    assert out.startswith("# garbler compared with official\n")
    assert f"pair `{records[1]}`" in out


@pytest.mark.parametrize(
    ("name", "flags", "words"),
    [
        ("alone", ("--report",), r"--report: '\w{32}' is an answer without a pair: there is nothing to compare it with"),
        ("f" * 32, ("--report",), "no such pair"),
        ("f" * 32, (), "no such pair"),
        ("f" * 32, ("--raw", "request"), "no such pair"),
        ("pair", ("--raw", "answer"), "no such side: 'answer'"),
        ("pair", ("--raw", "request", "--json"), "--raw and --json: one form of output at a time"),
        ("pair", ("--curl", "--report"), "--curl and --report: one form of output at a time"),
    ],
)
def test_what_cannot_be_shown_is_a_sentence(show, name, flags, words):
    code, out, err = show(name, *flags)
    assert (code, out) == (2, "")
    assert re.search(words, err)
