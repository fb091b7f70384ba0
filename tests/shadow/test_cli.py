"""The command line: the output of each command, and its exit code."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import aiohttp
import pytest
from typer.testing import CliRunner

from shadow import cli
from shadow.demo.pretended_server import PretendedServer
from shadow.settings.config_errors import ConfigError
from shadow.settings.config_template import STARTER
from storage.opening import open_store
from storage.storage_config import StorageConfig
from tests.records import fill
from tests.running import PATIENCE

pytestmark = pytest.mark.slow


ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """`run("report", "--json")` in an empty folder: (code, out, err)."""
    monkeypatch.chdir(tmp_path)

    def running(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as caught:
            cli.main(arguments)
        said = capsys.readouterr()
        return int(caught.value.code or 0), said.out, said.err

    return running


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    path = tmp_path / "recorded.db"
    store = open_store(StorageConfig(url=f"sqlite:///{path}"))
    fill(store)
    store.close()
    return path


def test_help_names_every_command_and_nothing_that_is_not_there(run):
    code, out, _ = run("--help")
    assert code == 0
    studies = ("try", "replay", "probe", "fork", "study")
    watching = ("status", "tail", "open", "doctor", "export", "completion", "schema")
    for command in ("demo", "serve", "config", "report", "pairs", "show", "dashboards", "mcp", *studies, *watching):
        assert f"  {command} " in out
    for absent in ("ask", "names"):
        assert f"  {absent} " not in out


def test_help_loads_neither_server_nor_store_nor_configuration():
    loaded = (
        "import sys, shadow.cli; "
        "print(*(m for m in ('aiohttp', 'sqlite_utils', 'shadow.processes.supervisor', 'rich') if m in sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-c", loaded], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == ""


def test_the_version_flag_prints_the_name_and_version(run):
    code, out, _ = run("--version")
    assert code == 0
    assert out.startswith("sameweights")


def test_no_arguments_show_the_help(run):
    assert "Commands:" in "".join(run()[1:])


def test_init_writes_a_file_once_and_check_reads_it(run, tmp_path, monkeypatch):
    assert run("config", "init")[0] == 0
    assert Path("sameweights.toml").read_text(encoding="utf-8") == STARTER
    code, _, err = run("config", "init")
    assert (code, "already exists" in err) == (2, True)
    code, _, err = run("config", "check")
    assert (code, "'REFERENCE_KEY' is not set" in err) == (2, True)
    monkeypatch.setenv("REFERENCE_KEY", "the-key-itself")
    code, out, err = run("config", "check")
    assert (code, err) == (0, "")
    assert re.fullmatch(r"sameweights\.toml: fine; about [\d,]+ metric series in use with one model, at most [\d,]+\n", out)
    code, out, _ = run("config", "show")
    assert json.loads(out)["proxy"]["providers"]["reference"]["api_key_env"] == "REFERENCE_KEY"
    assert "the-key-itself" not in out


def test_a_file_that_cannot_be_written_is_reported(run):
    assert "cannot be written" in run("config", "init", "no/such/folder.toml")[2]


def test_config_check_prints_each_error_on_its_own_line_and_no_traceback(run):
    Path("sameweights.toml").write_text("[proxy]\nlisten = 1\nworker = 2\n", encoding="utf-8")
    code, out, err = run("config", "check")
    assert (code, out) == (2, "")
    assert [line.split(": ")[0] for line in err.splitlines()] == [
        "sameweights.toml:1",
        "sameweights.toml:2",
        "sameweights.toml:3",
    ]


def test_config_check_prints_its_notes_and_exits_with_0(run):
    Path("s.toml").write_text('[proxy]\n[proxy.providers.a]\nbase_url = "http://a/v1"\n', encoding="utf-8")
    code, out, _ = run("config", "check", "s.toml")
    assert code == 0
    assert "note: proxy.reference: there is no reference" in out


def test_schema_has_every_section(run):
    sections = {"proxy", "shadow", "storage", "drift", "tournament", "admin", "log", "otel", "broker", "tenants"}
    assert set(json.loads(run("config", "schema")[1])["properties"]) == sections


def test_serve_without_anything_states_what_to_do(run):
    code, _, err = run("serve")
    assert code == 2
    assert err.startswith("sameweights.toml: no such file in this folder; write one with `sameweights config init`")


def test_serve_passes_on_the_settings_of_flags_and_file(run, monkeypatch):
    seen = []
    monkeypatch.setattr("shadow.processes.serve_start.start", lambda config, _arguments, **_more: seen.append(config))
    code, _, err = run(
        "serve", "--upstream", "http://u/v1", "--reference", "http://r/v1", "--sample-rate", "0.5", "--workers", "2"
    )
    assert code == 0
    assert "the client's own key is never sent to a reference" in err
    assert (seen[0].proxy.workers, seen[0].shadow.sample_rate, seen[0].proxy.providers["upstream"].base_url) == (
        2,
        0.5,
        "http://u/v1",
    )


def test_serve_takes_the_file_of_this_folder(run, monkeypatch):
    Path("sameweights.toml").write_text('[proxy.providers.own]\nbase_url = "http://a/v1"\n', encoding="utf-8")
    seen = []
    monkeypatch.setattr("shadow.processes.serve_start.start", lambda config, _arguments, **_more: seen.append(config))
    assert run("serve")[0] == 0
    assert "own" in seen[0].proxy.providers


@pytest.mark.parametrize(
    "arguments", [("frobnicate",), ("serve", "--wrokers", "1"), ("pairs", "--limit", "many"), ("demo", "--port", "70000")]
)
def test_a_wrong_command_line_is_the_users(run, arguments):
    code, _, err = run(*arguments)
    assert code == 2
    assert "Traceback" not in err


def test_our_own_fault_is_a_traceback_and_no_sentence(monkeypatch):
    monkeypatch.setattr("shadow.settings.load_config.load", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        cli.main(["config", "check", "any.toml"])


def test_an_absent_database_is_one_sentence(run):
    code, _, err = run("report", "--db", "none.db")
    assert (code, err.count("\n")) == (2, 1)


def test_report_names_differing_providers_and_fails_only_with_the_flag(run, recorded):
    code, out, _ = run("report", "--db", str(recorded), "--since", "all")
    assert code == 0
    assert "✗ garbler   differs, 80 pairs" in out
    assert run("report", "--db", str(recorded), "--since", "all", "--fail-on-drift")[0] == 3
    assert run("report", "--db", str(recorded), "--since", "1h", "--fail-on-drift")[0] == 4


def test_report_in_json_is_whole(run, recorded):
    found = json.loads(run("report", "--db", str(recorded), "--since", "all", "--json")[1])
    assert found["schema"] == "sameweights.report/2"
    assert found["drift"] is True


def test_pairs_are_filtered_and_shown(run, recorded):
    found = json.loads(
        run("pairs", "--db", str(recorded), "--provider", "garbler", "--signal", "arguments", "--state", "differ", "--json")[1]
    )["pairs"]
    assert len(found) == 20
    pair = found[0]["id"]
    code, out, _ = run("show", pair, "--db", str(recorded))
    assert code == 0
    assert "Evidence: tool arguments" in out
    assert json.loads(run("show", pair, "--db", str(recorded), "--json")[1])["pair"]["provider"] == "garbler"
    assert pair in run("pairs", "--db", str(recorded), "--provider", "garbler", "--limit", "100")[1]


def test_wrong_filters_are_reported_all_at_once(run, recorded):
    code, _, err = run("pairs", "--db", str(recorded), "--signal", "argument", "--state", "differs", "--since", "yesterday")
    assert (code, err.count("\n")) == (2, 3)
    assert "did you mean 'arguments'?" in err


@pytest.mark.parametrize(("command", "old", "signal"), [("pairs", "--aspect", "arguments"), ("answers", "--check", "lost_space")])
def test_older_name_of_the_signal_flag_works_with_a_note_and_is_not_in_the_help(run, recorded, command, old, signal):
    code, out, err = run(command, "--db", str(recorded), old, signal, "--json")
    assert (code, err) == (0, f"note: {old} is now --signal; the old name ends with the next version\n")
    assert json.loads(out)
    assert (0, out, "") == run(command, "--db", str(recorded), "--signal", signal, "--json")
    assert old not in run(command, "--help")[1]


def test_older_name_of_a_signal_is_taken_with_a_note(run, recorded):
    code, out, err = run("pairs", "--db", str(recorded), "--signal", "args", "--json")
    assert (code, err) == (0, "note: args is now arguments; the old name ends with the next version\n")
    assert (0, out, "") == run("pairs", "--db", str(recorded), "--signal", "arguments", "--json")


def test_answers_that_failed_a_check_are_listed_and_shown_without_a_pair(run, recorded):
    code, out, _ = run("answers", "--db", str(recorded), "--signal", "lost_space", "--limit", "1000", "--json")
    unsampled = [each["id"] for each in json.loads(out)["answers"] if not each["pair_id"]]
    assert code == 0
    assert unsampled
    code, out, _ = run("show", unsampled[0], "--db", str(recorded))
    assert (code, "lost spaces: " in out) == (0, True)
    assert json.loads(run("show", unsampled[0], "--db", str(recorded), "--json")[1])["exchange"]["id"] == unsampled[0]


def test_answers_refuse_a_signal_that_is_no_check(run, recorded):
    code, _, err = run("answers", "--db", str(recorded), "--signal", "text")
    assert (code, "--signal: no such signal: 'text'" in err) == (2, True)


def test_an_unknown_pair_is_reported(run, recorded):
    code, _, err = run("show", "nonesuch", "--db", str(recorded))
    assert (code, "no such pair: 'nonesuch'" in err) == (2, True)


def test_demo_is_handed_its_flags(run, monkeypatch):
    pytest.importorskip("shadow.demo.demo_run")
    seen = {}
    monkeypatch.setattr("shadow.demo.demo_run.run", lambda **flags: seen.update(flags) or 0)
    assert run("demo", "--seconds", "3", "--keep", "--port", "0")[0] == 0
    assert seen == {"seconds": 3.0, "keep": True, "port": 0}


def test_packages_of_others_in_place_of_ours_are_named(tmp_path):
    (tmp_path / "storage").mkdir()
    (tmp_path / "storage" / "__init__.py").write_text("", encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, "-P", "-c", "from shadow.cli import main; main(['--help'])"],
        env={**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 2
    assert "another distribution's package 'storage' is installed where ours should be" in ran.stderr
    assert ran.stderr.count("\n") == 1


def test_no_color_is_used_where_there_is_no_terminal(run, recorded):
    assert "\x1b" not in run("report", "--db", str(recorded), "--since", "all")[1]


def test_typer_application_raises_errors_that_main_prints():
    result = CliRunner().invoke(cli.app, ["config", "check", "none.toml"])
    assert isinstance(result.exception, ConfigError)


UNWRITABLE = 2, b"sameweights: standard output cannot be written: "
STREAMS = {
    "an ascii terminal": ("pairs --db recorded.db", "", {"PYTHONIOENCODING": "ascii"}, (0, b"")),
    "LANG=C": ("report ☃.toml", "", {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}, (2, b"")),
    "no input": ("pairs --db recorded.db --json", "<&-", {}, (0, b"")),
    "no log": ("config check absent.toml", "2>&-", {}, (2, b"")),
    "a full log": ("serve absent.toml", "2>/dev/full", {}, (2, b"")),
    "no output": ("config schema", ">&-", {}, UNWRITABLE),
    "a full output": ("report --db recorded.db", ">/dev/full", {}, UNWRITABLE),
    "a full output for help": ("--help", ">/dev/full", {}, UNWRITABLE),
    "nothing": ("forget --db recorded.db --before 2001-01-01", "<&- >&- 2>&-", {}, (2, b"")),
}


def test_whatever_its_streams_are_a_command_leaves_with_its_code_or_a_sentence_and_never_a_traceback(recorded):
    """All of them beside each other, since each is a process."""
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}

    def started(command: str, shell: str, more: dict[str, str]) -> subprocess.Popen[bytes]:
        line = ["sh", "-c", f'exec "$@" {shell}', "sh", sys.executable, "-P", "-m", "shadow.cli", *command.split()]
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(line, cwd=recorded.parent, env={**environ, **more}, **pipes)

    running = {name: started(*how) for name, (*how, _) in STREAMS.items()}
    for name, process in running.items():
        _, printed = process.communicate(timeout=PATIENCE)
        code, sentence = STREAMS[name][-1]
        assert (process.returncode, b"Traceback" in printed, printed.startswith(sentence)) == (code, False, True), (name, printed)


def test_an_output_whose_reader_has_gone_ends_the_command_quietly(recorded):
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-P", "-m", "shadow.cli", "config", "schema"],
        cwd=recorded.parent,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=writer,
        stderr=subprocess.PIPE,
        check=False,
        timeout=PATIENCE,
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.parametrize("command", ["--help", "report", "pairs", "try --plan", "replay --plan"])
def test_no_command_loads_the_mcp_sdk_that_has_no_use_for_it(tmp_path, recorded, command):
    """The SDK takes seconds and 65 MB; a stand-in before it on the path leaves a mark where it is imported."""
    mark = stand_in(tmp_path)
    (tmp_path / "rows.jsonl").write_text('{"model": "m", "messages": [{"role": "user", "content": "a"}]}\n')
    (tmp_path / "sameweights.toml").write_text(
        '[proxy]\nreference = "b"\n[proxy.providers.a]\nbase_url = "http://127.0.0.1:9/v1"\n'
        '[proxy.providers.b]\nbase_url = "http://127.0.0.1:9/v1"\n'
    )
    words = {
        "report": ["report", "--db", str(recorded)],
        "pairs": ["pairs", "--db", str(recorded)],
        "try --plan": [
            *("try", "--plan", "--upstream", "http://127.0.0.1:9/v1", "--reference", "http://127.0.0.1:9/v1", "--model", "m")
        ],
        "replay --plan": ["replay", "rows.jsonl", "--plan"],
    }.get(command, [command])
    ran = subprocess.run(
        [sys.executable, "-P", "-m", "shadow.cli", *words], cwd=tmp_path, env=before(tmp_path), capture_output=True, check=False
    )
    assert ran.returncode in {0, 4}, ran.stderr
    assert not mark.exists()


async def test_no_process_of_serve_loads_the_mcp_sdk(tmp_path, serve):
    mark = stand_in(tmp_path)
    async with PretendedServer() as provider:
        toml = f'[proxy]\nlisten = "127.0.0.1:0"\nprovider = "a"\n[proxy.providers.a]\nbase_url = "{provider.base_url}"\n'
        toml += '[admin]\nlisten = "127.0.0.1:0"\n'
        async with serve(toml, env=before(tmp_path)) as served:
            body = {"model": "pretend-small", "messages": [{"role": "user", "content": "a"}]}
            async with (
                aiohttp.ClientSession() as session,
                session.post(f"{served.data}/v1/chat/completions", json=body) as answer,
            ):
                assert answer.status == 200
    assert not mark.exists()


def test_the_stand_in_for_the_mcp_sdk_is_what_a_process_would_load(tmp_path):
    mark = stand_in(tmp_path)
    subprocess.run([sys.executable, "-P", "-c", "import mcp"], env=before(tmp_path), check=True)
    assert mark.exists()


def stand_in(folder):
    """A package `mcp` that leaves a file where it is imported; its path."""
    (folder / "first" / "mcp").mkdir(parents=True)
    mark = folder / "imported"
    (folder / "first" / "mcp" / "__init__.py").write_text(f"import pathlib\npathlib.Path({str(mark)!r}).touch()\n")
    return mark


def before(folder):
    """An environment in which the stand-in is found first."""
    return {**os.environ, "PYTHONPATH": f"{folder / 'first'}{os.pathsep}{ROOT}"}


def test_mcp_at_a_text_that_is_no_address_is_a_sentence_and_exit_2(run, recorded):
    code, _, err = run("mcp", "--db", str(recorded), "--http", "nowhere", "--token-env", "")
    assert code == 2
    assert "--http: 'nowhere' is no address" in err
