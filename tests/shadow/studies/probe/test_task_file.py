"""Task files: whole ones become values, and everything that is wrong with one is reported at once, each with its line."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.settings.config_errors import ConfigError
from shadow.studies.probe.agent_messages import EchoReasoning
from shadow.studies.probe.task_file import load_task
from shadow.studies.study_budget import BudgetLimits
from shadow.studies.study_policy import PolicyScore
from shadow.studies.worlds.recording import Match, Unseen
from shadow.studies.worlds.server_spec import Isolation, ServerSpec

WHOLE = """
[task]
name = "battery"
prompt = "Analyze my battery"
system = "Be brief"
max_steps = 12
stream = false
temperature = 0.6
echo_reasoning = "drop"
parameters = { max_tokens = 900 }
forbid = ["delete"]
[task.groups]
charges = ["get_charges", "get_charges_brief"]
[study]
providers = ["nim"]
reference = "ollama"
model = "nano"
runs = 2
seed = 7
at_once = 3
[study.policy]
allowed_drop = 0.2
[study.budget]
money = 5.0
[[servers]]
name = "files"
command = ["node", "{here}/server.js", "/data"]
copy = "data"
alias = { "/data" = "{data}" }
env = { STATE = "{folder}/state" }
pass_env = ["TOKEN"]
hide = ["reset"]
inject = { key = "{run}" }
timeout = 5
[[servers]]
name = "web"
url = "https://mcp.example/mcp"
token_env = "WEB_TOKEN"
isolation = "shared"
trusted = true
[world]
record = "battery.rec"
match = "sequence"
unseen = "nearest"
"""
SMALL = """
[task]
name = "t"
prompt = "p"
{task}
[study]
model = "m"
{study}
[study.policy]
{policy}
[[servers]]
name = "s"
{server}
"""


GROUPS = 'groups = { a = ["x"] }'
COMMAND = 'command = ["x"]'


def small(part: str = "", text: str = "") -> str:
    """A small file that can be used, with some further lines in one of its parts."""
    parts = {"task": GROUPS, "study": "", "policy": "", "server": COMMAND}
    if part:
        parts[part] += f"\n{text}"
    return SMALL.format(**parts)


def loaded(tmp_path: Path, text: str):
    (tmp_path / "data").mkdir(exist_ok=True)
    path = tmp_path / "t.toml"
    path.write_text(text)
    return load_task(path)


def faults(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(ConfigError) as raised:
        loaded(tmp_path, text)
    return [fault.removeprefix(str(tmp_path / "t.toml") + ":") for fault in raised.value.errors]


def test_every_value_of_a_whole_file_arrives(tmp_path):
    made = loaded(tmp_path, WHOLE)
    task = made.task
    assert (task.name, task.prompts, task.system) == ("battery", ("Analyze my battery",), "Be brief")
    assert (task.max_steps, task.stream, task.temperature, task.echo_reasoning) == (12, False, 0.6, EchoReasoning.DROP)
    assert (task.parameters, task.forbid) == ({"max_tokens": 900}, ("delete",))
    assert task.groups == {"charges": ("get_charges", "get_charges_brief")}
    study = made.study
    assert (study.providers, study.reference, study.model) == (("nim",), "ollama", "nano")
    assert (study.runs, study.seed, study.at_once) == (2, 7, 3)
    assert (made.policy.score, made.policy.allowed_drop) == (PolicyScore.COVERAGE, 0.2)
    assert made.budget == BudgetLimits(money=5.0)
    assert made.servers == (
        ServerSpec(
            name="files",
            command=("node", "{here}/server.js", "/data"),
            copy=tmp_path / "data",
            alias={"/data": "{data}"},
            env={"STATE": "{folder}/state"},
            pass_env=("TOKEN",),
            hide=("reset",),
            inject={"key": "{run}"},
            timeout=5.0,
        ),
        ServerSpec(name="web", url="https://mcp.example/mcp", token_env="WEB_TOKEN", isolation=Isolation.SHARED, trusted=True),
    )
    assert (made.world.record, made.world.match, made.world.unseen) == (tmp_path / "battery.rec", Match.SEQUENCE, Unseen.NEAREST)


def test_everything_that_is_wrong_is_reported_at_once_with_its_line_and_what_was_meant(tmp_path):
    text = """
[task]
promt = "x"
max_steps = 0
[task.groups]
a = []
[study]
runs = 1
modle = "x"
[study.policy]
alpha = 3
[[servers]]
name = "a b"
comand = ["x"]
copy = "none"
[[servers]]
url = "ftp://x"
[world]
from = "x.rec"
unseen = "eror"
"""
    found = faults(tmp_path, text)
    assert [fault.partition(": ")[0] for fault in found] == [
        *("2", "3", "4", "6", "8", "9", "11", "13", "14", "15", "16", "16", "17", "19", "20"),
    ]
    assert "task.promt: no such key; did you mean 'prompt'?" in found[1]
    assert "study.runs: one run of each gives no verdict" in found[4]
    assert "servers[0].comand: no such key; did you mean 'command'?" in found[8]
    assert found[13] == "19: world.from: no such file: 'x.rec'"
    assert "world.unseen: no such choice: 'eror'; did you mean 'error'?" in found[14]


@pytest.mark.parametrize(
    ("part", "text", "fault"),
    [
        ("task", 'prompts = ["q"]', "write either prompt, or prompts"),
        ("task", "parameters = { messages = 1 }", "task.parameters.messages: is set by the study itself"),
        ("task", "parameters = { x = { y = [inf] } }", "task.parameters.x: holds nan or inf, which JSON does not have"),
        ("study", "runs = 1", "total opposites need 4 runs of each to be distinguished, 90 % against 50 % needs 23"),
        ("policy", "allowed_drop = 1", "allowed_drop is a share from 0 to below 1"),
        ("policy", 'score = "checks"', "write some, or another score"),
        ("server", 'url = "http://h/mcp"', "beside a command it must hold {port}"),
        ("server", 'token_env = "T"', "is the bearer token for a url"),
        ("server", 'isolation = "shared"', "write trusted = true if all its tools only read"),
        ("server", 'isolation = "in_process"', "only the example runs inside the study's process"),
        ("server", 'alias = { "/" = "{data}" }', "must replace an absolute path"),
        ("server", "inject = { key = nan }", "servers[0].inject: key holds nan or inf, which JSON does not have"),
        ("server", 'copy = "nowhere"', "no such folder: 'nowhere'"),
        ("server", "timeout = 0", "servers[0].timeout: must be more than 0"),
    ],
)
def test_a_value_that_cannot_be_used_is_a_sentence_of_its_own(tmp_path, part, text, fault):
    found = faults(tmp_path, small(part, text))
    assert len(found) == 1, found
    assert fault in found[0]


@pytest.mark.parametrize(
    ("part", "key", "fits", "beyond"),
    [
        ("task", "max_steps", (1, 1_000), (0, 1_001)),
        ("task", "seconds", (0.5, 86_400), (0, 86_401)),
        ("task", "temperature", (0, 5), (-0.5, 5.5)),
        ("study", "runs", (2, 10_000), (0, 10_001)),
        ("study", "at_once", (1, 64), (0, 65)),
        ("study", "budget.requests", (0, 10**9), (-1,)),
        ("study", "budget.tokens", (0, 10**9), (-1,)),
        ("study", "budget.money", (0, 0.5), (-0.5,)),
        ("study", "budget.minutes", (0, 0.5), (-0.5,)),
        ("server", "timeout", (0.5, 86_400), (0, 86_401)),
        ("server", "start_timeout", (0.5, 86_400), (0, 86_401)),
    ],
)
def test_numbers_are_taken_up_to_their_bounds_and_refused_beyond(tmp_path, part, key, fits, beyond):
    for number in fits:
        assert loaded(tmp_path, small(part, f"{key} = {number}"))
    for number in beyond:
        assert f".{key}: must be" in faults(tmp_path, small(part, f"{key} = {number}"))[0]


@pytest.mark.parametrize(
    ("part", "text"),
    [
        ("server", 'url = "http://127.0.0.1:{port}/mcp"'),
        ("server", 'url = "https://h/{port}"\ntoken_env = "T"'),
        ("server", 'alias = { "/data" = "{data}", "/x" = "y" }'),
        ("server", 'isolation = "shared"\ntrusted = true'),
        ("policy", "allowed_drop = 0.0"),
        ("task", "parameters = { max_tokens = 1, seed = 2 }"),
    ],
)
def test_a_value_beside_one_that_is_refused_can_be_used(tmp_path, part: str, text: str):
    assert loaded(tmp_path, small(part, text))


def test_the_example_runs_inside_the_process_with_options(tmp_path):
    text = small().replace(COMMAND, 'command = ["fleet", "--padding", "9"]\nisolation = "in_process"')
    assert loaded(tmp_path, text).servers[0].isolation is Isolation.IN_PROCESS


@pytest.mark.parametrize(
    ("server", "sentences"),
    [
        ("", ["servers[0].command: is missing: a server has a command, or a url"]),
        (
            'url = "http://h"',
            ['servers[0].isolation: a server that is only reached by url is shared by all runs: write isolation = "shared"'],
        ),
        (
            'url = "file:///x"\nisolation = "shared"\ntrusted = true',
            ["servers[0].url: must begin with http:// or https://, but is 'file:///x'"],
        ),
    ],
)
def test_a_server_has_a_command_or_an_address_that_all_runs_share(tmp_path, server: str, sentences: list[str]):
    assert [fault.split(": ", 1)[1] for fault in faults(tmp_path, small().replace(COMMAND, server))] == sentences


@pytest.mark.parametrize(("name", "fits"), [("a" * 32, True), ("a" * 33, False), ("a.b", False), ("-a", False), ("a-b_9", True)])
def test_a_name_has_up_to_32_plain_characters(tmp_path, name: str, *, fits: bool):
    text = small().replace('name = "t"', f'name = "{name}"')
    if fits:
        assert loaded(tmp_path, text).task.name == name
    else:
        assert f"must be given, as up to 32 letters, digits, _ and -, but is '{name}'" in faults(tmp_path, text)[0]


@pytest.mark.parametrize(
    ("prompts", "fault"),
    [
        ('["a", "b"]', ""),
        ('["a", " "]', "task.prompts: a prompt is empty"),
        ('["a", "b", "a"]', "task.prompts: a prompt is there twice; runs repeat every prompt anyway"),
    ],
)
def test_several_prompts_are_each_given_once(tmp_path, prompts: str, fault: str):
    text = small().replace('prompt = "p"', f"prompts = {prompts}")
    if fault:
        assert [one.split(": ", 1)[1] for one in faults(tmp_path, text)] == [fault]
    else:
        assert loaded(tmp_path, text).task.prompts == ("a", "b")


@pytest.mark.parametrize(
    ("world", "faulty"),
    [('from = "a.rec"', []), ('from = "a.rec"\nrecord = "b.rec"', ["world.record: write either from, or record"])],
)
def test_a_world_is_played_back_or_recorded(tmp_path, world: str, faulty: list[str]):
    (tmp_path / "a.rec").write_text("")
    text = f"{small()}[world]\n{world}\n"
    if faulty:
        assert [one.split(": ", 1)[1] for one in faults(tmp_path, text)] == faulty
    else:
        assert loaded(tmp_path, text).world.source == tmp_path / "a.rec"


def test_parts_of_a_list_that_do_not_fit_are_named_by_their_places_and_the_others_still_read(tmp_path):
    found = faults(tmp_path, small("task", 'forbid = [1, "a", true]\nmax_stps = 3'))
    assert [fault.split(": ")[1] for fault in found] == ["task.forbid[0]", "task.forbid[2]", "task.max_stps"]


def test_coverage_without_groups_is_refused_and_another_score_is_not(tmp_path):
    parts = {"task": "", "study": "", "server": COMMAND}
    assert "write [task.groups], or another score" in faults(tmp_path, SMALL.format(**parts, policy=""))[0]
    assert loaded(tmp_path, SMALL.format(**parts, policy='score = "complete"')).policy.score is PolicyScore.COMPLETE


def test_a_copied_folder_with_an_absolute_link_is_refused_before_anything_starts(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a").write_text("the user's own")
    (tmp_path / "data" / "link").symlink_to(tmp_path / "data" / "a")
    (fault,) = faults(tmp_path, small().replace(COMMAND, f'{COMMAND}\ncopy = "data"'))
    assert "servers[0].copy: 'data': the link link leads to" in fault
    assert "write it as a relative one" in fault


@pytest.mark.parametrize(
    ("server", "world", "faulty"),
    [
        ('command = ["x"]', "", False),
        ('command = ["x"]', '[world]\nfrom = "a.rec"\n', True),
        ('url = "http://h/mcp"\nisolation = "shared"\ntrusted = true', "", True),
        ('command = ["x"]\nisolation = "shared"\ntrusted = true', "", True),
    ],
)
def test_files_are_compared_only_where_each_run_has_its_own(tmp_path, server, world, faulty):
    (tmp_path / "a.rec").write_text("")
    checks = f'{GROUPS}\n[[task.checks]]\nkind = "end_state"\nunchanged = true\n'
    text = SMALL.format(task=checks, study="", policy="", server=server) + world
    if not faulty:
        assert loaded(tmp_path, text).task.checks
        return
    (fault,) = faults(tmp_path, text)
    assert "compares the files that a run left: it needs a server" in fault


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("none/a.rec", "world.record: 'none/a.rec': its folder does not exist; make it, or name another file"),
        ("data", "world.record: 'data': is a folder; name a file"),
    ],
)
def test_a_recording_that_cannot_be_written_is_refused_before_anything_is_sent(tmp_path, name, fault):
    text = small() + f'[world]\nrecord = "{name}"\n'
    assert faults(tmp_path, text)[0].endswith(fault)


def test_two_servers_of_one_name_are_refused(tmp_path):
    text = small() + '[[servers]]\nname = "s"\ncommand = ["x"]\n'
    assert "'s' is the name of another server too" in faults(tmp_path, text)[0]


VALUES = st.recursive(
    st.booleans() | st.integers(-3, 3) | st.text(alphabet="ab/{}", max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["name", "a", "env"]), inner, max_size=2),
    max_leaves=5,
)
KEYS = st.sampled_from(["name", "prompt", "prompts", "runs", "model", "groups", "command", "url", "copy", "policy", "xx"])


@given(st.dictionaries(st.sampled_from(["task", "study", "servers", "world", "x"]), st.dictionaries(KEYS, VALUES) | VALUES))
def test_any_tables_are_a_task_or_sentences_and_never_a_traceback(tmp_path_factory, tables):
    path = tmp_path_factory.mktemp("t") / "t.toml"
    path.write_text("\n".join(f"{key} = {toml(value)}" for key, value in tables.items()))
    made: object = None
    try:
        made = load_task(path)
    except ConfigError as error:
        made = error.errors
    assert made


def toml(value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {toml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(toml(item) for item in value) + "]"
    return f'"{value}"' if isinstance(value, str) else str(value)
