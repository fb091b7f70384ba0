"""The values of a task that a file leaves out, as the documentation has them."""

import json
from pathlib import Path

import pytest

from shadow.studies.probe.task import StudySettings, Task, TaskWorld
from shadow.studies.probe.task_file import ServerSection, StudySection, TaskSection, WorldSection, load_task
from shadow.studies.study_budget import BudgetLimits
from shadow.studies.study_policy import OnUndecided, PolicyScore, StudyPolicy
from shadow.studies.worlds.recording import Match, Unseen
from shadow.studies.worlds.server_spec import Isolation, ServerSpec
from tests.shadow.studies.probe.test_task_file import loaded, small


def test_a_small_file_has_the_defaults(tmp_path):
    made = loaded(tmp_path, small())
    assert (made.study.runs, made.study.seed, made.study.at_once) == (40, 0, 2)
    assert (made.task.max_steps, made.task.seconds, made.task.stream, made.task.temperature) == (20, 900.0, True, None)
    assert made.policy == StudyPolicy(score=PolicyScore.COVERAGE, allowed_drop=None, alpha=0.05, fewest_runs=6)
    assert made.policy.on_undecided is OnUndecided.FAIL
    assert made.budget == BudgetLimits(requests=0, tokens=0, money=0.0, minutes=0.0)
    assert made.servers == (ServerSpec(name="s", command=("x",), isolation=Isolation.RUN, timeout=20.0, start_timeout=30.0),)
    assert made.task == Task(name="t", prompts=("p",), groups={"a": ("x",)})
    assert made.study == StudySettings(providers=(), reference="", model="m", runs=40)
    assert made.world == TaskWorld(source=None, record=None, match=Match.ARGUMENTS, unseen=Unseen.ERROR)


PAGE = (Path(__file__).resolve().parents[4] / "docs" / "reference" / "task-file.md").read_text()
SECTIONS = {
    "`[task]`": TaskSection,
    "`[study]`": StudySection,
    "`[[servers]]`": ServerSection,
    "`[world]`": WorldSection,
}


@pytest.mark.parametrize("title", SECTIONS)
def test_every_key_is_documented_and_no_other(title):
    part = PAGE.split(f"## {title}\n")[1].split("\n## ")[0]
    documented = {line.split("`")[1] for line in part.splitlines() if line.startswith("| `")}
    known = {field.alias or name for name, field in SECTIONS[title].model_fields.items()}
    assert documented == known - {"policy", "budget"}


def test_the_example_of_the_page_is_a_task(tmp_path):
    (tmp_path / "notes").mkdir()
    (tmp_path / "t.toml").write_text(PAGE.split("```toml\n")[1].split("```")[0])
    assert load_task(tmp_path / "t.toml").study.runs == 20


@pytest.mark.parametrize("title", SECTIONS)
def test_a_documented_default_is_the_one_that_holds(title):
    part = PAGE.split(f"## {title}\n")[1].split("\n## ")[0]
    defaults = {
        field.alias or name: field.get_default(call_default_factory=True) for name, field in SECTIONS[title].model_fields.items()
    }
    for line in part.splitlines():
        cells = [cell.strip().strip("`") for cell in line.split("|")]
        if line.startswith("| `") and line.split("|")[2].strip().startswith("`") and "." not in cells[2]:
            default = defaults[cells[1]]
            assert json.loads(cells[2]) == (list(default) if isinstance(default, tuple) else default), cells[1]
