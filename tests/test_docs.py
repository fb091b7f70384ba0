"""The reference pages match the code: every command, every flag, every variable rule; keys in tests/shadow/settings."""

import re
from dataclasses import fields
from functools import cache

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from shadow.cli import app
from shadow.drift.verifier_figures import Triggering
from shadow.report.drift_lines import DriftLine
from shadow.report.figures import Report, Scorecard, SignalLine, TrafficFigures
from shadow.report.latency_lines import LatencyLine, PaceLine
from shadow.settings.environment_and_flags import from_environment
from shadow.settings.top_level_config import Config
from shadow.verdict.evidence import PeriodCoverage, Shortfall
from shadow.verdict.verdict_value import DetectablePower, ReasonGround, Verdict, VerdictReason, VerdictWord
from tests.reference_pages import PAGES, page, part, rows


def test_variables_on_the_page_have_the_documented_effect():
    examples = re.findall(r"`(SAMEWEIGHTS_[A-Z_]+)='?([^'`]*)'?`", page("configuration.md"))
    assert len(examples) >= 6
    settings, faults = from_environment(Config, dict(examples), named=(), providers=("my-host",))
    assert faults == []
    assert len(settings) == len(examples)
    assert not any(isinstance(setting.value, str) for setting in settings if setting.path[-1] != "base_url")


FITTING = (PAGES.parent / "how-to" / "fit-a-request.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```toml\n(.*?)^```", FITTING, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("example", EXAMPLES, ids=[example.split("]")[0].split(".")[-1] for example in EXAMPLES])
def test_every_example_of_a_providers_settings_is_accepted_by_config_check(example, tmp_path):
    file = tmp_path / "sameweights.toml"
    [name] = re.findall(r"^\[proxy\.providers\.([a-z0-9-]+)\]", example)
    file.write_text(
        f'[proxy]\nprovider = "near"\nreference = "{name}"\n[proxy.providers.near]\nbase_url = "https://a.example/v1"\n{example}'
    )
    environ = dict.fromkeys(re.findall(r'"([A-Z0-9]+_[A-Z0-9_]+)"', example), "value")
    result = CliRunner().invoke(app, ["config", "check", str(file)], env=environ)
    assert result.exit_code == 0, result.output
    assert "fine" in result.output
    notes = [line for line in result.output.split("\n") if line.startswith("note: ")]
    assert all("no api_key_env" in note for note in notes), "a server of one's own may need no key; anything else is wrong"


def test_examples_name_every_provider_in_demand():
    asked = ("OpenRouter", "Azure", "Bedrock", "Vertex", "Together", "Fireworks", "Groq", "vLLM", "SGLang", "llama.cpp", "Ollama")
    assert [name for name in asked if name not in FITTING] == []
    assert len(EXAMPLES) >= len(asked)


@cache
def commands() -> dict[str, object]:
    """Every command by its whole name, groups left out."""
    found: dict[str, object] = {}
    for name, command in get_command(app).commands.items():
        if command.hidden:
            continue
        below = getattr(command, "commands", None)
        found |= {f"{name} {inner}": one for inner, one in below.items()} if below else {name: command}
    return found


def test_every_command_is_documented_and_no_other():
    assert set(
        re.findall(
            r"^## `sameweights ([a-z ]+?)(?: ID| DIR| NAME| SHELL| FROM TO)?(?: \[[A-Z]+\])?`$", page("cli.md"), re.MULTILINE
        )
    ) == set(commands())


@pytest.mark.parametrize("name", sorted(commands()))
def test_every_flag_is_documented_and_no_other(name):
    heading = next(line for line in page("cli.md").split("\n") if re.match(rf"## `sameweights {name}[` ]", line))
    shown = (param for param in commands()[name].params if not getattr(param, "hidden", False))
    known = {option for param in shown for option in param.opts if option.startswith("--")} - {"--help"}
    assert set(rows(part(page("cli.md"), heading.removeprefix("## ").strip("`")))) == known


def test_the_exit_codes_and_the_version_are_documented():
    for words in ("| 0 |", "| 1 |", "| 2 |", "| 3 |", "`--version`", "NO_COLOR"):
        assert words in page("cli.md")


def test_every_figure_of_the_report_is_documented():
    text = page("report.md")
    for model in (
        Report,
        Scorecard,
        LatencyLine,
        PaceLine,
        TrafficFigures,
        SignalLine,
        DriftLine,
        Triggering,
        Verdict,
        VerdictReason,
        DetectablePower,
        PeriodCoverage,
        Shortfall,
    ):
        for field in fields(model):
            assert f"`{field.name}`" in text or field.name == "signal", field.name
    for word in VerdictWord:
        assert f"| `{word}` |" in text
    for ground in ReasonGround:
        assert f"`{ground}`" in text
