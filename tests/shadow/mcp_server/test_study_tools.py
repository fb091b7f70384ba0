from storage.study_rows import SetbackRow, StudyRequestRow, StudyRow
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
