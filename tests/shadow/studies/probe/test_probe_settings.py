"""What makes two probes the same study: every member that changes a run, and none that only changes their number."""

from dataclasses import fields, replace
from pathlib import Path

import pytest

from proxy.provider_config import Provider, ProxyConfig
from shadow.settings.top_level_config import Config
from shadow.studies.own_checks.check_spec import read_check
from shadow.studies.probe.agent_messages import EchoReasoning
from shadow.studies.probe.probe_settings import probe_settings
from shadow.studies.probe.task import StudySettings, Task, TaskFile, TaskWorld
from shadow.studies.study_budget import BudgetLimits
from shadow.studies.study_policy import PolicyScore, StudyPolicy
from shadow.studies.targets import Targets
from shadow.studies.worlds.recording import Match, RecordedCall, Recording, Unseen
from shadow.studies.worlds.server_spec import Isolation, ServerSpec

TARGETS = Targets(candidates=("near",), reference="official")
SERVER = ServerSpec(name="s", command=("x",))
TASK = Task(name="t", prompts=("p",))
FILE = TaskFile(
    task=TASK,
    study=StudySettings(providers=("near",), reference="official", model="m", runs=20),
    policy=StudyPolicy(),
    budget=BudgetLimits(),
    servers=(SERVER,),
    world=TaskWorld(),
    here=Path(),
)
RECORDING = Recording(functions=(), calls=(RecordedCall(name="x", arguments="{}", text="a"),))
CHANGED = {
    "prompts": ("q",),
    "system": "s",
    "max_steps": 3,
    "seconds": 3.0,
    "stream": False,
    "temperature": 0.0,
    "echo_reasoning": EchoReasoning.DROP,
    "parameters": {"max_tokens": 9},
    "groups": {"a": ("x",)},
    "forbid": ("x",),
    "checks": (read_check({"kind": "contains", "text": "a"}),),
    "messages": ({"role": "user", "content": "x"},),
}
OF_SERVER = {
    "name": "other",
    "command": ("y",),
    "url": "http://h/mcp",
    "token_env": "T",
    "alias": {"/data": "{data}"},
    "env": {"A": "b"},
    "pass_env": ("A",),
    "isolation": Isolation.SHARED,
    "trusted": True,
    "hide": ("a",),
    "inject": {"a": 1},
    "timeout": 1.0,
    "start_timeout": 1.0,
}
OF_PROVIDER = {
    "base_url": "http://other/v1",
    "models": {"m": "n"},
    "drop": ("a",),
    "extra_body": {"a": 1},
    "tier": "free",
    "strip_thinking": True,
}


def settings(file=FILE, recording=None, **provider):
    providers = {"near": Provider(**({"base_url": "http://near/v1"} | provider)), "official": Provider(base_url="http://o/v1")}
    return probe_settings(file, TARGETS, Config(proxy=ProxyConfig(providers=providers)), recording)


def with_server(**values):
    return replace(FILE, servers=(replace(SERVER, **values),))


def test_every_member_of_a_task_and_of_a_server_is_tried_here():
    assert CHANGED.keys() == {field.name for field in fields(Task)} - {"name"}
    assert OF_SERVER.keys() == {field.name for field in fields(ServerSpec)} - {"copy"}


@pytest.mark.parametrize("member", CHANGED)
def test_a_changed_member_of_the_task_is_another_study(member):
    assert settings(replace(FILE, task=replace(TASK, **{member: CHANGED[member]}))) != settings()


def test_other_messages_to_begin_with_are_another_study():
    begun = [settings(replace(FILE, task=replace(TASK, messages=({"role": "user", "content": text},)))) for text in "ab"]
    assert begun[0] != begun[1]


@pytest.mark.parametrize("member", OF_SERVER)
def test_a_changed_member_of_a_server_is_another_study(member):
    assert settings(with_server(**{member: OF_SERVER[member]})) != settings()


@pytest.mark.parametrize("member", OF_PROVIDER)
def test_a_changed_provider_is_another_study(member):
    assert settings(**{member: OF_PROVIDER[member]}) != settings()


def test_a_check_of_the_same_name_with_other_content_is_another_study():
    one, two = (
        settings(replace(FILE, task=replace(TASK, checks=(read_check({"kind": "contains", "name": "c", "text": text}),))))
        for text in ("a", "b")
    )
    assert one != two


def test_the_content_of_the_copied_folder_counts_and_its_place_does_not(tmp_path):
    folders = [tmp_path / name for name in ("one", "two", "three")]
    for folder, text in zip(folders, ("a", "a", "b"), strict=True):
        (folder / "sub").mkdir(parents=True)
        (folder / "sub" / "f").write_text(text)
    one, two, three = (settings(with_server(copy=folder)) for folder in folders)
    assert one == two != three


def test_the_content_of_a_script_that_a_command_names_counts(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    check = read_check({"kind": "command", "argv": ["./check.sh"]})
    changed = replace(FILE, here=tmp_path, task=replace(TASK, checks=(check,)))
    served = [replace(SERVER, command=command) for command in (("{python}", "{here}/s.py"), ("{here}/s.py",))]
    seen = []
    for script, text in (("s.py", "a"), ("check.sh", "a"), ("s.py", "b"), ("check.sh", "b")):
        (tmp_path / script).write_text(text)
        seen.append([settings(replace(changed, servers=(server,))) for server in served])
    (first, one), (second, two), (third, three), (fourth, four) = seen
    assert len({str(each["servers"]) for each in (second, third)}) == 2
    assert len({str(each["servers"]) for each in (two, three)}) == 2
    assert len({str(each["checks"]) for each in (first, third, fourth)}) == 3
    assert one != four


def test_the_world_of_the_runs_counts_whether_recorded_or_written(tmp_path):
    answers = [
        settings(),
        settings(replace(FILE, world=TaskWorld(record=tmp_path / "a.rec"))),
        settings(recording=RECORDING),
        settings(recording=replace(RECORDING, calls=())),
        settings(replace(FILE, world=TaskWorld(match=Match.SEQUENCE)), RECORDING),
        settings(replace(FILE, world=TaskWorld(unseen=Unseen.STOP)), RECORDING),
    ]
    assert len({answer["world"] for answer in answers}) == len(answers)


def test_more_runs_at_once_or_in_all_with_another_rule_or_price_are_the_same_study():
    study, policy = replace(FILE.study, runs=40, at_once=3), StudyPolicy(allowed_drop=0.2)
    same = replace(FILE, study=study, policy=policy, budget=BudgetLimits(requests=9))
    assert settings(same) == settings(price_input=3.0) == settings()
    assert settings(replace(FILE, policy=StudyPolicy(score=PolicyScore.COMPLETE))) != settings()


def test_the_order_in_which_members_are_written_makes_no_other_study():
    def study(parameters: dict[str, object], message: dict[str, str]) -> dict[str, object]:
        return settings(replace(FILE, task=replace(TASK, parameters=parameters, messages=(message,))))

    one = study({"top_p": 1, "n": 2}, {"role": "user", "content": "x"})
    assert one == study({"n": 2, "top_p": 1}, {"content": "x", "role": "user"})
    assert one["parameters"] == '{"n": 2, "top_p": 1}'


def test_a_study_that_an_earlier_version_began_has_the_same_messages_to_begin_with():
    begun = settings(replace(FILE, task=replace(TASK, messages=({"role": "user", "content": "x"},))))
    assert begun["from"] == "9bc64bff93f5db79"


def test_a_word_of_a_command_that_can_be_no_path_is_no_program():
    assert "s sh -c " in settings(with_server(command=("sh", "-c", "x" * 5_000)))["servers"][0]


def test_no_setting_shows_what_a_server_was_given():
    assert "hidden" not in str(settings(with_server(env={"KEY": "hidden"}, inject={"key": "hidden"})))
