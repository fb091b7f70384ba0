from tests.agents import Agent
from tests.records import NOW, add_pair, calling


async def test_verdicts_of_a_period_are_those_of_the_report(store):
    for _ in range(40):
        add_pair(store, "garbler", calling("Oslo"), calling("Quito"), calling("Quito"))
        add_pair(store, "same", calling("Quito"), calling("Quito"), calling("Quito"))
    assert store.flush(20)
    found = await Agent(store).result("provider_summary", since="all")
    verdicts = {each["provider"]: each for each in found["providers"]}
    assert verdicts["garbler"]["verdict"] == "differs"
    assert verdicts["same"]["verdict"] in {"no_difference_seen", "undecided"}
    assert verdicts["garbler"]["pairs"] == 40
    assert "tool arguments" in verdicts["garbler"]["sentence"]
    alone = await Agent(store).result("provider_summary", since="all", provider="same")
    assert [each["provider"] for each in alone["providers"]] == ["same"]


async def test_two_periods_are_apart_only_where_their_intervals_do_not_overlap(store):
    for number in range(60):
        add_pair(store, "p", calling("Quito"), calling("Quito"), calling("Quito"), started=NOW + number)
        add_pair(store, "p", calling("Oslo"), calling("Quito"), calling("Quito"), started=NOW + 1_000 + number)
    assert store.flush(20)
    periods = {
        "before_since": "2023-11-14T22:13:20",
        "before_until": "2023-11-14T22:25:00",
        "after_since": "2023-11-14T22:25:00",
        "after_until": "2023-11-14T23:00:00",
    }
    signals = {
        each["signal"]: each for each in (await Agent(store).result("compare_windows", provider="p", **periods))["signals"]
    }
    assert signals["arguments"]["apart"]
    assert (signals["arguments"]["before"], signals["arguments"]["after"]) == (0.0, 1.0)
    assert not signals["tools"]["apart"]
