"""`alarms list` and `alarms ack` on a real database: what is listed, acknowledged, noted and refused."""

import json

import jsonschema
import pytest

from shadow.command_line.json_schemas import json_schema
from storage.opening import open_store
from storage.storage_config import StorageConfig
from tests.records import fill
from tests.shadow.commands.test_acknowledge import drifted


@pytest.fixture
def alarmed(tmp_path):
    """A database whose group of the provider p holds an alarm; its path."""
    path = str(tmp_path / "alarmed.db")
    store = open_store(StorageConfig(url=f"sqlite:///{path}", batch_seconds=0.01))
    drifted(store).close()
    store.close()
    return path


@pytest.fixture
def listed(run, alarmed):
    """`listed(...)`: the alarms as JSON."""
    return lambda *arguments: json.loads(run("alarms", "list", "--db", alarmed, "--json", *arguments)[1])["alarms"]


def test_alarm_is_listed_with_since_when_and_its_interval_and_the_next_command(run, alarmed, listed):
    [line] = listed()
    code, out, _ = run("alarms", "list", "--db", alarmed)
    assert code == 0
    words = " ".join(out.split())
    assert words.startswith(f"{line['id']} drift: p, m, route default, since ")
    assert " points [" in words
    assert f"Next: sameweights alarms ack {line['id']} --db {alarmed} --fixed --why REASON" in words


def test_json_has_the_form_of_its_schema(run, alarmed):
    run("alarms", "ack", "--db", alarmed, "--fixed", "--by", "Ada", "--why", "rolled back")
    document = json.loads(run("alarms", "list", "--db", alarmed, "--all", "--json")[1])
    jsonschema.validate(document, json_schema("alarms"))
    [line] = document["alarms"]
    assert (line["acknowledged"]["by"], line["acknowledged"]["why"], line["state"]) == ("Ada", "rolled back", "ok")
    assert line["acknowledged"]["at_time"].endswith("+00:00")


@pytest.mark.parametrize("by_name", ["id", "end", "provider", "nothing"])
def test_alarm_is_acknowledged_by_its_id_the_end_of_it_its_provider_or_with_all(run, alarmed, listed, by_name):
    whole = listed()[0]["id"]
    names = {"id": [whole], "end": [whole[-4:]], "provider": ["p"], "nothing": []}[by_name]
    code, out, _ = run("alarms", "ack", *names, "--db", alarmed, "--fixed", "--why", "so")
    assert (code, out) == (0, "p, m, route default: fixed, the state is ok now\n")
    assert listed() == []
    [ended] = listed("--all")
    assert (ended["acknowledged"]["why"], bool(ended["acknowledged"]["by"])) == ("so", True)
    _, out, _ = run("alarms", "list", "--db", alarmed, "--all")
    assert "acknowledged (fixed) by " in " ".join(out.split())


def test_former_name_is_the_same_command(run, alarmed):
    assert run("drift", "ack", "--db", alarmed, "--fixed", "--provider", "p")[:2] == (
        0,
        "p, m, route default: fixed, the state is ok now\n",
    )


def test_alarm_that_cannot_be_accepted_yet_exits_with_four(run, alarmed, listed):
    code, out, _ = run("alarms", "ack", "--db", alarmed, "--accept")
    assert code == 4
    assert "500 are needed" in out
    assert len(listed()) == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nobody", "--fixed"), "alarms ack: no alarm or provider is called 'nobody'"),
        (("p",), "alarms ack: choose --fixed or --accept"),
        (("p", "--fixed", "--accept"), "alarms ack: choose --fixed or --accept"),
        (("p", "--fixed", "--by", "x" * 101), "who has 101 characters, at most 100 are stored"),
        (("p", "--fixed", "--why", "x" * 1_001), "why has 1,001 characters, at most 1,000 are stored"),
    ],
)
def test_wrong_acknowledgement_is_a_sentence_and_changes_nothing(run, alarmed, listed, arguments, words):
    code, _, err = run("alarms", "ack", "--db", alarmed, *arguments)
    assert code == 2
    assert words in err
    assert len(listed()) == 1


def test_alarm_that_ended_is_named_as_ended(run, alarmed, listed):
    whole = listed()[0]["id"]
    run("alarms", "ack", whole, "--db", alarmed, "--fixed")
    code, _, err = run("alarms", "ack", whole, "--db", alarmed, "--fixed")
    assert code == 2
    assert f"the alarm '{whole}' ended at " in err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--signal", "argument"), "--signal: no such signal: 'argument'"),
        (("--state", "bad"), "--state: no such state: 'bad'"),
        (("--since", "then"), "--since: no such time: 'then'"),
        (("--provider", "garble"), "no record has this provider: 'garble'"),
    ],
)
def test_wrong_filter_is_a_sentence(run, tmp_path, arguments, words):
    path = tmp_path / "recorded.db"
    store = open_store(StorageConfig(url=f"sqlite:///{path}"))
    fill(store)
    store.close()
    code, _, err = run("alarms", "list", "--db", str(path), *arguments)
    assert code == 2
    assert words in err


def test_records_without_an_alarm_state_how_to_see_those_that_ended(run, recorded):
    assert run("alarms", "list", "--db", str(recorded))[:2] == (0, "No alarm holds. --all lists those that ended.\n")
    assert run("alarms", "list", "--all", "--db", str(recorded))[1] == "No alarm matches.\n"


def test_alarms_and_their_providers_are_offered_to_a_shell(run, alarmed, listed):
    assert set(run("names", "alarm", "--db", alarmed)[1].split()) == {"p", listed()[0]["id"]}
