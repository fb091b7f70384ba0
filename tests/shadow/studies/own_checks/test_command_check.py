import json
import sys
from pathlib import Path

import pytest

from shadow.studies.own_checks.answer_facts import AnswerFacts, CalledTool
from shadow.studies.own_checks.check_spec import CheckSpec, read_check
from shadow.studies.own_checks.command_check import run_command

FACTS = AnswerFacts(text="twelve", calls=[CalledTool(name="get", arguments='{"a": 1}')])


def command(code: str, timeout: float = 20) -> CheckSpec:
    return read_check({"kind": "command", "argv": [sys.executable, "-c", code], "timeout": timeout, "points": 3})


async def test_a_command_reads_the_answer_as_json_and_passes_it_by_exiting_with_0(tmp_path: Path):
    code = f"import sys, json; json.dump(json.load(sys.stdin), open({str(tmp_path / 'seen')!r}, 'w'))"
    found = await run_command(command(code), FACTS)
    assert (found.points, found.why, found.broken) == (3, "", False)
    assert json.loads((tmp_path / "seen").read_text()) == {
        "text": "twelve",
        "calls": [{"name": "get", "arguments": '{"a": 1}'}],
    }


async def test_another_exit_fails_the_answer_with_the_last_line_as_the_reason():
    found = await run_command(command("print('first'); print('eleven words'); raise SystemExit(1)"), FACTS)
    assert (found.points, found.why, found.broken) == (0, "eleven words", False)


async def test_a_silent_failure_is_named_by_its_exit_code():
    found = await run_command(command("raise SystemExit(7)"), FACTS)
    assert found.why.endswith("exited with 7")


async def test_a_command_that_cannot_be_started_breaks_the_check():
    found = await run_command(read_check({"kind": "command", "argv": ["./no-such-command"]}), FACTS)
    assert found.broken
    assert "cannot be started" in found.why


def until_gone(pid: int) -> None:
    while not gone(pid):
        pass


def gone(pid: int) -> bool:
    """Whether a process is gone, or only its entry is left."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z"
    except FileNotFoundError:
        return True


@pytest.mark.slow
async def test_a_command_that_takes_too_long_breaks_the_check_and_its_group_is_ended(tmp_path: Path):
    script = f"sleep 600 & echo $! > {tmp_path / 'pid'}; wait"
    found = await run_command(read_check({"kind": "command", "argv": ["sh", "-c", script], "timeout": 0.5}), FACTS)
    assert found.broken
    assert "took longer than 0.5 s" in found.why
    child = int((tmp_path / "pid").read_text())
    until_gone(child)


async def test_a_command_that_never_reads_a_large_answer_and_writes_much_does_not_hang():
    code = "print('x' * 524_288); print('wrong'); raise SystemExit(1)"
    found = await run_command(command(code), AnswerFacts(text="y" * 1_000_000))
    assert found.why == "wrong"


async def test_a_command_gets_no_key_of_a_provider(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("REFERENCE_KEY", "sk-secret")
    found = await run_command(command("import os; raise SystemExit('REFERENCE_KEY' in os.environ)"), FACTS)
    assert found.points == 3


async def test_a_silent_failure_names_the_command():
    found = await run_command(read_check({"kind": "command", "argv": ["sh", "-c", "exit 7"]}), FACTS)
    assert found.why == "sh exited with 7"


@pytest.mark.parametrize(("characters", "begins"), [(65_536, "S"), (65_537, "x")])
async def test_the_last_64_kibibytes_of_the_output_are_read(characters: int, begins: str):
    code = f"print('S' + 'x' * {characters - 1}, end=''); raise SystemExit(1)"
    found = await run_command(command(code), FACTS)
    assert (found.why[0], len(found.why)) == (begins, 200)
