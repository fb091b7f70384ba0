"""`pairs`, `answers` and `show` as they are run."""

import json

import pytest

from shadow.report import evident_signals
from storage.opening import open_store
from storage.storage_config import StorageConfig
from tests.records import NOW, add_live, add_pair, calling

pytestmark = pytest.mark.slow


def listed(run, recorded, *more):
    return json.loads(run("pairs", "--db", str(recorded), "--json", *more)[1])["pairs"]


def test_default_is_the_evidence_and_all_is_a_switch(run, recorded):
    evidence = listed(run, recorded, "-n", "1000")
    assert {one["provider"] for one in evidence} == {"garbler", "squeezer"}
    assert all(one["evidence"] for one in evidence)
    assert len(listed(run, recorded, "--all", "-n", "1000")) == 241
    assert {one["provider"] for one in listed(run, recorded, "--state", "match", "-n", "1000")} >= {"faithful"}


def test_pairs_are_filtered_as_on_the_page(run, recorded):
    assert len(listed(run, recorded, "--provider", "garbler", "--signal", "arguments", "-n", "1000")) == 27
    one = listed(run, recorded, "--all", "--provider", "garbler", "-n", "1")[0]
    assert [each["id"] for each in listed(run, recorded, "--all", "--conversation", one["conversation"])] == [one["id"]]
    assert listed(run, recorded, "--all", "--route", "default", "-n", "3")
    assert listed(run, recorded, "--all", "--until", "2023-11-14T22:13:20") == []


def test_unknown_name_is_an_error_with_the_known_ones(run, recorded):
    code, out, err = run("pairs", "--db", str(recorded), "--provider", "garblr")
    assert (code, out) == (2, "")
    assert "did you mean 'garbler'?" in err
    assert run("pairs", "--db", str(recorded), "--provider", "faithful")[0] == 0


@pytest.mark.parametrize("kind", ["model", "route", "upstream", "tag", "tenant", "conversation"])
def test_every_filter_by_a_name_refuses_one_that_no_record_has(run, recorded, kind):
    code, out, err = run("pairs", "--db", str(recorded), "--json", f"--{kind}", "typo")
    assert (code, out) == (2, "")
    assert f"--{kind}: no record has this {kind}: 'typo'" in err


@pytest.mark.parametrize("narrower", [("--until", "2020-01-01"), ("--since", "2030-01-01")])
def test_filter_that_no_pair_fits_is_stated_as_such_and_not_as_noise(run, recorded, narrower):
    assert run("pairs", "--db", str(recorded), *narrower)[1].startswith("No pair matches")


@pytest.mark.parametrize(
    ("provider", "why"),
    [("faithful", "no provider stands out from the noise of its reference"), ("newcomer", "there is no verdict yet")],
)
def test_list_without_evidence_states_why_by_the_verdict(run, recorded, provider, why):
    words = run("pairs", "--db", str(recorded), "--provider", provider)[1]
    assert words == f"No pair is evidence here: {why}. --all lists every pair.\n"


def test_latest_is_the_newest_evidence(run, recorded):
    newest = listed(run, recorded, "-n", "1")[0]["id"]
    assert run("show", "latest", "--db", str(recorded))[1].startswith(newest)


def test_raw_bytes_and_command_are_printed_alone(run, recorded):
    pair = listed(run, recorded, "--provider", "garbler", "-n", "1")[0]["id"]
    assert "get_weather" in run("show", pair, "--db", str(recorded), "--raw", "reference")[1]
    assert json.loads(run("show", pair, "--db", str(recorded), "--raw", "request")[1])["messages"]
    assert run("show", pair, "--db", str(recorded), "--curl")[1].startswith("curl -sS -X POST ")
    code, _, err = run("show", pair, "--db", str(recorded), "--raw", "answer")
    assert (code, "no such side: 'answer'" in err) == (2, True)


def test_latest_is_the_same_pair_for_every_form(run, recorded):
    store = open_store(StorageConfig(url=f"sqlite:///{recorded}"))
    add_pair(store, "newcomer", calling("Lima"), calling("Quito"), calling("Quito"))
    store.close()
    newest = listed(run, recorded, "-n", "1")[0]["id"]
    for form in (("--raw", "response"), ("--curl",)):
        whole = run("show", newest, "--db", str(recorded), *form)
        assert (run("show", "latest", "--db", str(recorded), *form), whole[0]) == (whole, 0)


def test_show_of_an_answer_or_of_no_id_reads_no_verdicts(run, recorded, monkeypatch):
    store = open_store(StorageConfig(url=f"sqlite:///{recorded}"))
    alone = add_live(store, "newcomer").exchange.id
    store.close()
    monkeypatch.delattr(evident_signals, "stored_evidence")
    assert run("show", alone, "--db", str(recorded))[0] == 0
    code, _, err = run("show", "f" * 32, "--db", str(recorded))
    assert (code, "no such pair" in err) == (2, True)


def test_evidence_of_a_period_that_has_no_verdict_is_by_all_records(run, recorded):
    store = open_store(StorageConfig(url=f"sqlite:///{recorded}"))
    add_pair(store, "garbler", calling("Lima"), calling("Quito"), calling("Quito"), started=NOW + 86_400)
    store.close()
    later = ("--provider", "garbler", "--since", "2023-11-15T12:00:00")
    whole = listed(run, recorded, "--provider", "garbler", "-n", "1")
    assert listed(run, recorded, *later) == whole
    assert whole[0]["id"] == listed(run, recorded, "--all", *later)[0]["id"]


def test_bug_report_is_about_the_pair_that_is_named(run, recorded):
    one = listed(run, recorded, "--provider", "garbler", "-n", "1")[0]
    code, out, _ = run("show", one["id"], "--db", str(recorded), "--report")
    assert code == 0
    assert out.startswith("# garbler answers differently from official\n")
    assert f"pair `{one['id']}`" in out
    code, out, err = run("show", "latest", "--db", str(recorded), "--report", "--curl")
    assert (code, out) == (2, "")
    assert "one form of output at a time" in err


def test_bug_report_about_an_answer_without_a_pair_or_no_record_is_refused(run, tmp_path):
    store = open_store(StorageConfig(url=f"sqlite:///{tmp_path / 'one.db'}"))
    name = add_live(store, "garbler", calling("Oslo")).exchange.id
    assert store.flush(20)
    store.close()
    for part, words in ((name, "an answer without a pair"), ("0" * 9, "no such pair")):
        code, out, err = run("show", part, "--db", str(tmp_path / "one.db"), "--report")
        assert (code, out) == (2, "")
        assert words in err


def test_text_is_searched_among_the_evidence_or_all_pairs(run, recorded):
    every = listed(run, recorded, "--all", "--search", "weather", "-n", "1000")
    assert len(every) == 241
    assert {one["found_in"] for one in every} == {"request"}
    assert {one["provider"] for one in listed(run, recorded, "--search", "weather", "-n", "1000")} == {"garbler", "squeezer"}
    code, _, err = run("pairs", "--db", str(recorded), "--search", "x")
    assert (code, "--search: 1 characters are not between 2 and 200" in err) == (2, True)
