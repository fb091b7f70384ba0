"""`alarms list` and `alarms ack` on a real database: what is listed, acknowledged, noted and refused."""

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import jsonschema
import pytest

from shadow.command_line.alarm_commands import _alarm_named, _exactly
from shadow.command_line.json_schemas import json_schema
from shadow.commands import acknowledge as acknowledging
from shadow.drift.pace import Pace, PaceState, saved
from shadow.drift.state_transitions import AckAction, Acknowledgement, AckOutcome
from shadow.settings.config_errors import ConfigError
from storage.judgement_rows import JudgementBatch, PaceRow
from storage.opening import open_store
from storage.storage_config import StorageConfig
from tests.records import fill
from tests.shadow.commands.test_acknowledge import drifted
from tests.shadow.terminal.test_alarm_list import LINE as LISTED


@pytest.fixture(scope="module")
def with_alarm(tmp_path_factory):
    """A database whose group of the provider p holds an alarm, to be copied."""
    path = tmp_path_factory.mktemp("alarmed") / "alarmed.db"
    store = open_store(StorageConfig(url=f"sqlite:///{path}", batch_seconds=0.01))
    drifted(store).close()
    store.close()
    return path


@pytest.fixture
def alarmed(tmp_path, with_alarm):
    """The path of a database whose group of the provider p holds an alarm."""
    return str(shutil.copy(with_alarm, tmp_path))


@pytest.fixture
def listed(run, alarmed):
    """`listed(...)`: the alarms as JSON."""
    return lambda *arguments: json.loads(run("alarms", "list", "--db", alarmed, "--json", *arguments)[1])["alarms"]


@pytest.mark.slow
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
        (("elsewhere", "--fixed"), "alarms ack: no alarm or provider is called 'elsewhere'"),
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


def test_bytes_that_are_not_utf_8_are_replaced_in_who_and_why(run, alarmed, listed):
    words = os.fsdecode(b"caf\xe9")
    assert run("alarms", "ack", "--db", alarmed, "--fixed", "--by", words, "--why", words)[0] == 0
    [line] = listed("--all")
    assert (line["acknowledged"]["by"], line["acknowledged"]["why"]) == ("caf?", "caf?")


@pytest.mark.parametrize("flag", ["--provider", "--model", "--route", "--reference", "--upstream", "name"])
def test_name_that_is_not_utf_8_acknowledges_nothing(run, alarmed, listed, flag):
    words = (os.fsdecode(b"caf\xe9"),) if flag == "name" else (flag, os.fsdecode(b"caf\xe9"))
    code, out, err = run("alarms", "ack", "--db", alarmed, "--fixed", *words)
    assert (code, "no alarm or provider" in err) == ((2, True) if flag == "name" else (0, False))
    assert ("no matching group" in out) is (flag != "name")
    assert len(listed()) == 1


def test_blank_name_of_who_is_the_user_of_the_operating_system(run, alarmed, listed):
    run("alarms", "ack", "--db", alarmed, "--fixed", "--by", "  ")
    assert listed("--all")[0]["acknowledged"]["by"]


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (("--model", "other"), "does not match --model 'other': p, m, route default"),
        (("--upstream", "b"), "does not match --upstream 'b': p, m, route default"),
        (("--signal", "text", "--provider", "p"), "does not match --provider 'p' --signal 'text': p, m, route default"),
    ],
)
def test_filter_that_does_not_match_the_named_alarm_is_refused(run, alarmed, listed, flags, sentence):
    whole = listed()[0]["id"]
    code, _, err = run("alarms", "ack", whole, "--db", alarmed, "--fixed", *flags)
    assert (code, f"alarms ack: the alarm '{whole}' {sentence}" in " ".join(err.split())) == (2, True)
    assert len(listed()) == 1
    assert run("alarms", "ack", whole, "--db", alarmed, "--fixed", "--provider", "p", "--model", "m", "--upstream", "")[0] == 0
    assert listed() == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("p", "--provider", "q"), "alarms ack: --provider q does not match the provider p"),
        (("p", "--signal", "arguments"), "alarms ack: --signal chooses among alarms with the same id"),
        (("a.toml", "b.toml"), "alarms ack: one configuration at a time, not a.toml and b.toml"),
        (("a.toml", "--config", "b.toml"), "alarms ack: one configuration at a time, not a.toml and b.toml"),
    ],
)
def test_names_that_contradict_each_other_are_refused(run, alarmed, listed, arguments, sentence):
    code, _, err = run("alarms", "ack", "--db", alarmed, "--fixed", *arguments)
    assert (code, sentence in " ".join(err.split())) == (2, True)
    assert len(listed()) == 1


def test_former_command_reads_a_configuration_of_any_name(run, alarmed, listed, tmp_path):
    file = tmp_path / "audit.conf"
    file.write_text(f'[storage]\nurl = "sqlite:///{alarmed}"\n', encoding="utf-8")
    assert run("drift", "ack", str(file), "--fixed")[:2] == (0, "p, m, route default: fixed, the state is ok now\n")
    assert listed() == []


def test_provider_whose_name_is_that_of_a_file_is_acknowledged_by_it(run, alarmed, listed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("p").write_text("no configuration", encoding="utf-8")
    assert run("alarms", "ack", "p", "--db", alarmed, "--fixed")[:2] == (0, "p, m, route default: fixed, the state is ok now\n")
    assert listed() == []


LINE = replace(LISTED, id="pair-1", provider="p", reference="r")
SHARED = (
    LINE,
    replace(LINE, upstream="b"),
    replace(LINE, route="", reference="", measure="token", signal="token"),
    replace(LINE, route="", reference="", measure="first_token", signal="first_token"),
)


@pytest.mark.parametrize(
    ("choice", "place"),
    [
        ({"upstream": "", "signal": "arguments"}, 0),
        ({"upstream": "b"}, 1),
        ({"signal": "token"}, 2),
        ({"signal": "first_token"}, 3),
    ],
)
def test_alarms_with_the_same_id_are_chosen_by_filters_and_acknowledged_exactly(choice, place):
    found = _alarm_named(SHARED, "pair-1", choice, set())
    assert found is SHARED[place]
    given = _exactly(Acknowledgement(answer=AckAction.FIXED), found)
    assert (given.exact, given.upstream, given.measure, given.route) == (True, found.upstream, found.measure, found.route)


def test_id_of_several_alarms_is_refused_with_the_filters_that_choose_one():
    with pytest.raises(ConfigError) as raised:
        _alarm_named(SHARED[:2], "pair-1", {}, set())
    assert list(raised.value.errors) == [
        "alarms ack: several alarms have the id 'pair-1'; choose one",
        "p, m, route default: --upstream '' --signal arguments",
        "b behind p, m, route default: --upstream 'b' --signal arguments",
    ]


@pytest.mark.parametrize("end", ["ir-1", "air-1", "pair-1"])
def test_four_characters_of_the_end_of_an_id_name_an_alarm(end):
    assert _alarm_named(SHARED[:1], end, {}, set()) is LINE


def test_three_characters_of_the_end_of_an_id_and_its_begin_name_none():
    for name in ("r-1", "pair", "pair-2"):
        with pytest.raises(ConfigError, match="no alarm or provider is called"):
            _alarm_named(SHARED[:1], name, {}, set())


def test_whole_id_of_fewer_characters_names_its_alarm():
    short = replace(LINE, id="x1")
    assert _alarm_named([LINE, short], "x1", {}, set()) is short


def test_end_of_several_ids_is_refused_with_all_of_them():
    with pytest.raises(ConfigError, match=r"'ir-1' is the end of several ids: pair-1, stair-1"):
        _alarm_named([LINE, replace(LINE, id="stair-1")], "ir-1", {}, set())


def test_alarm_that_is_held_is_named_before_one_with_the_same_id_that_ended():
    ended = replace(LINE, upstream="b", held=False, ended=1_790_000_000.0)
    assert _alarm_named([ended, LINE], "pair-1", {}, set()) is LINE
    with pytest.raises(ConfigError, match=r"the alarm 'pair-1' ended at 2026-09-21 14:13:20 UTC; "):
        _alarm_named([ended], "pair-1", {}, set())


def test_alarm_of_another_provider_is_refused_with_the_filter_and_what_it_is_about():
    with pytest.raises(ConfigError, match=r"the alarm 'pair-1' does not match --provider 'q': p, m, route default"):
        _alarm_named([LINE], "pair-1", {"provider": "q"}, set())


@pytest.mark.parametrize(("size", "shown"), [(600, "x" * 600), (601, "x" * 599 + "…")])
def test_sentence_about_a_group_has_at_most_600_characters(run, alarmed, monkeypatch, size, shown):
    result = SimpleNamespace(sentence="x" * size, outcome=AckOutcome.DONE)
    monkeypatch.setattr(acknowledging, "acknowledge", lambda *_: [result])
    assert run("alarms", "ack", "p", "--db", alarmed, "--fixed")[1] == f"{shown}\n"


def test_alarm_that_ended_is_named_as_ended(run, alarmed, listed):
    whole = listed()[0]["id"]
    run("alarms", "ack", whole, "--db", alarmed, "--fixed")
    code, _, err = run("alarms", "ack", whole, "--db", alarmed, "--fixed")
    assert code == 2
    assert f"the alarm '{whole}' ended at " in err


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--signal", "argument"), "--signal: no such signal: 'argument'"),
        (("--state", "bad"), "--state: no such state: 'bad'"),
        (("--since", "then"), "--since: no such time: 'then'"),
        (("--provider", "garble"), "no record has this provider: 'garble'"),
        (("--upstream", "nort"), "no record has this upstream: 'nort'"),
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
    assert run("alarms", "list", "--db", str(recorded))[:2] == (0, "No alarm is active. --all lists those that ended.\n")
    assert run("alarms", "list", "--all", "--db", str(recorded))[1] == "No alarm matches.\n"


@pytest.mark.parametrize("narrower", [("--signal", "tools"), ("--until", "1970-01-01T00:00:01")])
def test_active_alarm_that_no_filter_matches_is_not_stated_as_none(run, alarmed, narrower):
    words = run("alarms", "list", "--db", alarmed, *narrower)[1]
    assert words == "No active alarm matches. --all lists those that ended.\n"


def test_state_that_no_alarm_has_names_no_flag_that_the_list_includes_already(run, alarmed):
    assert run("alarms", "list", "--db", alarmed, "--state", "recovered")[1] == "No alarm matches.\n"


def test_alarms_and_their_providers_are_offered_to_a_shell(run, alarmed, listed):
    assert set(run("names", "alarm", "--db", alarmed)[1].split()) == {"p", listed()[0]["id"]}


@pytest.mark.parametrize("model", ["m\nx: not accepted: none", "m: not accepted: y"])
def test_model_whose_name_imitates_a_refusal_stays_on_one_line_and_leaves_the_exit_code(run, tmp_path, model):
    path = str(tmp_path / "imitated.db")
    store = open_store(StorageConfig(url=f"sqlite:///{path}"))
    snapshot = saved(Pace(slo=1.0, state=PaceState.SLOWER, limit=1.0, since=1.0))
    assert store.judgements.claim("j", 0.0, 30.0)
    row = PaceRow(provider="p", model=model, measure="first_token", last_no=1, snapshot=snapshot)
    assert store.judgements.record("j", JudgementBatch(paces=[row]))
    store.judgements.release("j")
    store.close()
    shown = " ".join(model.split())
    assert run("alarms", "ack", "--db", path, "--fixed")[:2] == (0, f"p, {shown}, latency first_token: fixed\n")
