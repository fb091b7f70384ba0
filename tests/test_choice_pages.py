"""The pages about choosing a provider print what `sameweights choose` prints for the configuration that stands on them."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from shadow.cli import app
from storage.opening import open_store
from storage.storage_config import StorageConfig
from tests.shadow.tournament.stored_arms import store_arms

DOCS = Path(__file__).resolve().parents[1] / "docs"
HOW_TO = (DOCS / "how-to" / "choose-a-provider.md").read_text(encoding="utf-8")
MEANING = (DOCS / "explanation" / "what-same-means.md").read_text(encoding="utf-8")
PROVIDERS = "".join(
    f'[proxy.providers.{name}]\nbase_url = "https://{name}.example/v1"\n' for name in ("host-a", "host-b", "host-c", "official")
)
OCTOBER = 4e9
"""A second of October 2096, after the tournament began on whichever day the test runs."""


def blocks(page, kind):
    return re.findall(rf"^```{kind}\n(.*?)^```", page, re.DOTALL | re.MULTILINE)


@pytest.fixture
def choose(tmp_path, monkeypatch):
    """Runs `choose` beside the configuration of the page, and returns what it prints without its breaks of lines."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sameweights.toml").write_text(PROVIDERS + "\n".join(blocks(HOW_TO, "toml")), encoding="utf-8")

    def run(*flags):
        result = CliRunner().invoke(app, ["choose", *flags], env={"COLUMNS": "200"})
        assert result.exit_code == 0, result.output
        return " ".join(result.output.split())

    return run


def test_the_plan_on_the_page_is_what_the_command_prints_before_any_traffic(choose):
    plan, _ = blocks(HOW_TO, "text")
    printed = choose("--plan")
    assert [line for line in plan.splitlines() if line not in printed] == []


@pytest.mark.slow
def test_the_claims_on_the_pages_are_what_the_command_prints(choose, tmp_path):
    assert "The tournament of agents has begun." in choose("--start")
    store = open_store(StorageConfig(url=f"sqlite:///{tmp_path}/sameweights.db"))
    store_arms(store, OCTOBER, 160)
    store.close()
    printed = choose()
    _, claims = blocks(HOW_TO, "text")
    [meaning] = blocks(MEANING, "text")
    assert [line for line in [*claims.splitlines(), *meaning.splitlines()] if line not in printed] == []
