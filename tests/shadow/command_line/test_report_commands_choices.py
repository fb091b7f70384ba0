"""`report` by what it is to show: one tenant, a dossier, a provider that differs; and what does not go together."""

import json
import shlex

import pytest

from storage.opening import open_store
from storage.storage_config import StorageConfig
from tests.records import add_live, add_pair, calling

ALL = ("--db", "made.db", "--since", "all")
TENANTS = """
[storage]
url = "sqlite:///made.db"
[[tenants]]
name = "alpha"
key_env = "ALPHA"
[[tenants]]
name = "beta"
key_env = "BETA"
"""


@pytest.fixture
def made(tmp_path, run, monkeypatch):
    """`run` beside a database of 40 pairs of a provider that differs, and five requests of a tenant."""
    monkeypatch.setenv("COLUMNS", "400")
    store = open_store(StorageConfig(url=f"sqlite:///{tmp_path}/made.db"))
    for _ in range(40):
        add_pair(store, "wrong", calling("Oslo"), calling("Quito"), calling("Quito"))
    for _ in range(5):
        add_live(store, "near", tenant="alpha")
    assert store.flush(20)
    store.close()
    return run


def test_figures_of_a_tenant_are_of_its_requests_alone(made):
    code, out, err = made("report", *ALL, "--tenant", "alpha")
    assert (code, err) == (0, "")
    assert "wrong" not in out
    document = json.loads(made("report", *ALL, "--tenant", "alpha", "--json")[1])
    assert [(row["provider"], row["requests"]) for row in document["traffic"]] == [("near", 5)]
    assert "verdicts" in document


def test_period_of_a_tenant_is_that_of_the_flags(made):
    until = ("--since", "all", "--until", "2023-11-14T22:13:20")
    assert "no request in this period" in made("report", "--db", "made.db", *until, "--tenant", "alpha")[1]
    code, _, err = made("report", "--db", "made.db", "--since", "now", "--tenant", "alpha")
    assert (code, "--since 'now' is not before now" in err) == (2, True)


def test_name_of_no_configured_tenant_is_refused_with_the_known_ones(made, tmp_path):
    (tmp_path / "two.toml").write_text(TENANTS, encoding="utf-8")
    code, out, err = made("report", "two.toml", "--since", "all", "--tenant", "alpah")
    assert (code, out) == (2, "")
    assert "--tenant: no tenant is named 'alpah'; did you mean 'alpha'?  (known: alpha, beta)" in err
    assert "near: 5 requests" in made("report", "two.toml", "--since", "all", "--tenant", "alpha")[1]
    assert "no request in this period" in made("report", "two.toml", "--since", "all", "--tenant", "beta")[1]


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("wrong",), "provider"),
        (("--md",), "markdown"),
        (("--html", "r.html"), "html"),
        (("--junit", "r.xml"), "junit"),
        (("--from", "d"), "bundle"),
        (("wrong", "--md"), "markdown, provider"),
    ],
)
def test_what_has_a_verdict_is_refused_of_a_tenant(made, tmp_path, words, named):
    code, out, err = made("report", *ALL, "--tenant", "alpha", *words)
    assert (code, out) == (2, "")
    assert f"--tenant: its figures are text or --json; leave {named} out" in err
    assert not (tmp_path / "r.html").exists()


def test_figures_of_a_provider_that_differs_end_with_the_command_that_lists_its_pairs(made):
    out = made("report", "wrong", *ALL)[1]
    assert out.endswith("\nNext: sameweights pairs --provider wrong --db made.db\n")
    assert "Next:" not in made("report", "near", *ALL)[1]
    command = shlex.split(made("report", "wrong", "--db", "made.db", "--since", "2023-11-14")[1].rsplit("Next: sameweights ")[-1])
    assert command == ["pairs", "--provider", "wrong", "--since", "2023-11-14", "--db", "made.db"]


def test_figures_of_a_dossier_are_computed_without_the_database(made, tmp_path):
    assert made("export", "--dossier", "wrong", *ALL, "--out", "d")[0] == 0
    (tmp_path / "made.db").unlink()
    code, out, _ = made("report", "--from", "d", "--since", "1h")
    assert (code, "✗ wrong  differs, 40 pairs" in out) == (0, True)
    assert "Next: sameweights report wrong --from d\n" in out
    assert "last 1h" not in out
    assert "Next:" not in made("report", "wrong", "--from", "d")[1]
    assert made("report", "--from", "d", "--fail-on-drift")[0] == 3


@pytest.mark.parametrize(
    ("words", "form"),
    [
        (("--json",), "{"),
        (("--md",), "## sameweights: until "),
        (("--full",), "sameweights  until "),
        ((), "1 of 1 differs from the reference, 1 not measured  all records, 45 requests\n"),
    ],
)
def test_each_form_of_output_begins_as_such(made, words, form):
    code, out, err = made("report", *ALL, *words)
    assert (code, err) == (0, "")
    assert out.startswith(form)
    assert out.endswith("\n")
    assert not out.endswith("\n\n")


def test_two_forms_of_output_at_once_are_refused(made):
    code, out, err = made("report", *ALL, "--json", "--md")
    assert (code, out) == (2, "")
    assert "--md and --json: one form of output at a time" in err
    code, out, err = made("status", *ALL, "--json", "--short")
    assert (code, out) == (2, "")
    assert "--short and --json: one form of output at a time" in err


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ((), 0),
        (("--fail-on-drift",), 3),
        (("--fail-on-unmeasured",), 4),
        (("--fail-on-drift", "--fail-on-unmeasured"), 3),
        (("near", "--fail-on-drift"), 4),
        (("wrong", "--fail-on-drift"), 3),
        (("wrong", "--fail-on-unmeasured"), 0),
    ],
)
def test_exit_code_is_that_of_the_flags_and_of_the_providers_shown(made, words, code):
    assert made("report", *ALL, *words)[0] == code


@pytest.mark.parametrize(
    ("words", "refused"),
    [
        (("a.toml", "b.toml"), True),
        (("near", "wrong"), True),
        (("--config", "a.toml", "b.toml"), True),
        (("near", "a.toml"), False),
    ],
)
def test_one_provider_and_one_configuration_may_be_named(made, tmp_path, words, refused):
    for name in ("a.toml", "b.toml"):
        (tmp_path / name).write_text('[storage]\nurl = "sqlite:///made.db"\n', encoding="utf-8")
    code, _, err = made("report", *words, "--since", "all")
    assert (code, "one provider and one configuration at most" in err) == (2 if refused else 0, refused)


def test_period_ends_before_its_end(made):
    first = made("report", "--db", "made.db", "--since", "2023-11-14", "--until", "2023-11-14T22:13:20")[1].splitlines()[0]
    assert first.endswith("2023-11-14 00:00:00 to 2023-11-14 22:13:20 UTC, 0 requests")
    first = made("report", "--db", "made.db", "--since", "2023-11-14", "--until", "2023-11-14T22:13:21")[1].splitlines()[0]
    assert first.endswith("2023-11-14 00:00:00 to 2023-11-14 22:13:21 UTC, 45 requests")
