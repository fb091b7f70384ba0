"""`completion`, `names`, `help` and `schema` as they are run."""

import json

import pytest


def test_names_that_are_the_same_everywhere_need_no_database(run):
    assert {"arguments", "tools", "lost_space"} <= set(run("names", "signal")[1].split())
    assert set(run("names", "state")[1].split()) == {"match", "differ", "not_comparable", "not_measured"}
    assert "tools=yes" in run("names", "segment")[1].split()


@pytest.mark.slow
def test_completion_is_printed_and_an_unknown_shell_is_refused(run):
    assert "complete -o default -F _sameweights sameweights" in run("completion", "bash")[1]
    code, _, err = run("completion", "fsh")
    assert (code, "did you mean 'fish'?" in err) == (2, True)


@pytest.mark.slow
def test_names_are_those_of_the_records_and_of_the_filters(run, recorded, monkeypatch):
    monkeypatch.setenv("SAMEWEIGHTS_DB", str(recorded))
    assert run("names", "provider")[1].split() == ["faithful", "garbler", "loner", "newcomer", "squeezer"]
    assert run("names", "pair")[1].split()[0] == "latest"
    assert "arguments" in run("names", "signal")[1].split()
    assert "tools=yes" in run("names", "segment")[1].split()
    monkeypatch.delenv("SAMEWEIGHTS_DB")
    assert "garbler" in run("names", "provider", "--db", str(recorded))[1].split()


@pytest.mark.slow
def test_help_explains_topics_and_commands(run):
    assert run("help", "exit-codes")[1].startswith("0    done")
    assert run("help", "pairs")[1] == run("pairs", "-h")[1].replace("sameweights pairs", "sameweights pairs")
    assert run("help", "config", "check")[1] == run("config", "check", "-h")[1]
    assert run("help", "config")[1] == run("config", "-h")[1]
    assert "Topics: sameweights help exit-codes" in run("help")[1]
    for words, known in ((("config", "chek"), "did you mean 'check'?"), (("pairs", "more"), "no such topic: 'pairs more'")):
        code, _, err = run("help", *words)
        assert (code, known in err) == (2, True)
    code, _, err = run("help", "exitcodes")
    assert (code, "did you mean 'exit-codes'?" in err) == (2, True)


@pytest.mark.slow
def test_each_command_is_listed_with_a_whole_sentence(run):
    for group in ((), ("config",), ("study",), ("alarms",), ("storage",)):
        listed = run("help", *group)[1].partition("Commands:")[2]
        assert len(listed.splitlines()) > 1
        assert "..." not in listed


@pytest.mark.slow
def test_schema_is_json_and_an_unknown_document_is_refused(run):
    shown = run("schema", "pairs")[1]
    assert json.loads(shown)["title"] == "sameweights pairs"
    assert shown.startswith('{\n  "')
    code, _, err = run("schema", "pear")
    assert (code, "did you mean 'pair'?" in err) == (2, True)


def test_topics_stand_behind_their_name_in_a_narrow_terminal(run, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    assert run("help")[1].splitlines()[-2:] == [
        "Topics: sameweights help exit-codes, sameweights help times,",
        "        sameweights help environment",
    ]
