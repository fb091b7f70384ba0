from storage.study_rows import RunRow, SetbackRow, StudyRequestRow, StudyRow
from tests.agents import Agent
from tests.records import NOW


async def test_studies_are_listed_with_what_each_provider_answered(store):
    study = StudyRow(id="s1", kind="replay", name="weather", begun=NOW, plan='{"rows": 1}', policy="{}", seed=7, version="0")
    store.studies.begin(study)
    store.studies.ask("s1", StudyRequestRow(key="k", row_id="r", target="a", repeat=0, block=0, state="asked", exchange_id="e"))
    store.studies.set_back("s1", SetbackRow(key="k", at=NOW, reason="rate_limit", waited=1.0))
    assert [each["id"] for each in (await Agent(store).result("list_studies"))["studies"]] == ["s1"]
    [target] = (await Agent(store).result("get_study", study_id="s1"))["targets"]
    assert (target["target"], target["asked"], target["answered"], target["setbacks"]) == ("a", 1, 0, {"rate_limit": 1})
    assert target["mean_score"] is None


def run_of(target: str, block: int, score: float | None, outcome: str = "done") -> RunRow:
    numbers = dict.fromkeys(("begun", "seconds", "tools_seconds"), NOW)
    texts = {"task": "t", "outcome": outcome, "detail": "", "touched": "[]", "world": "{}"}
    return RunRow(target=target, block=block, score=score, points=None, **texts, **numbers)


async def test_study_counts_the_requests_the_runs_and_the_mean_score_of_each_provider(sqlite_store):
    study = StudyRow(
        id="s1", kind="probe", name="weather", begun=NOW, plan="x" * 20_001, policy="x" * 20_000, seed=7, version="0"
    )
    studies = sqlite_store.studies
    studies.begin(study)
    for key, target, state in (("1", "a", "asked"), ("2", "a", "answered"), ("3", "a", "failed"), ("4", "b", "answered")):
        request = StudyRequestRow(
            key=key, row_id="r", target=target, repeat=int(key), block=0, state=state, exchange_id=f"e{key}"
        )
        studies.ask("s1", request)
    for key in ("1", "4"):
        studies.set_back("s1", SetbackRow(key=key, at=NOW, reason="rate_limit", waited=1.0))
    for one in (run_of("a", 0, 1.0), run_of("a", 1, 0.5), run_of("a", 2, None, "failed"), run_of("c", 0, None)):
        studies.add_run("s1", one)
    found = await Agent(sqlite_store).result("get_study", study_id="s1")
    first, second, third = found["targets"]
    assert [each["target"] for each in (first, second, third)] == ["a", "b", "c"]
    assert (first["asked"], first["answered"], first["failed"], first["setbacks"]) == (1, 1, 1, {"rate_limit": 1})
    assert (first["runs"], first["outcomes"], first["mean_score"]) == (3, {"done": 2, "failed": 1}, 0.75)
    assert (second["answered"], second["runs"], third["runs"], third["mean_score"]) == (1, 0, 1, None)
    assert (found["seed"], found["plan"]["cut"], found["policy"]["cut"]) == (7, True, False)
