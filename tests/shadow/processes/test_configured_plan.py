"""The plan of a configuration has what its children get, and a configuration read again changes what can be changed at once."""

from pathlib import Path

import pytest

from shadow.processes.configured_plan import plan_of, reloaded, reread
from shadow.processes.serve_plan import ServeArguments
from shadow.settings.load_config import load
from shadow.settings.top_level_config import Config
from tests.certificates import issued

FILE = """
[proxy]
listen = "127.0.0.1:8080"
provider = "{provider}"
[proxy.providers.{provider}]
base_url = "http://127.0.0.1:9/v1"
[shadow]
sample_rate = {rate}
"""


@pytest.fixture
def written(tmp_path):
    def to(provider: str, rate: float = 0.5, more: str = "") -> ServeArguments:
        file = tmp_path / "sameweights.toml"
        file.write_text(FILE.format(provider=provider, rate=rate) + more, encoding="utf-8")
        return ServeArguments(path=str(file), flags={"listen": None})

    return to


def running(tmp_path) -> dict[str, object]:
    return load(tmp_path / "sameweights.toml", {}, {}).model_dump(mode="json")


@pytest.mark.parametrize(("role", "configured", "workers"), [("all", 2, 2), ("all", 1, 0), ("proxy", 2, 0), ("audit", 1, 0)])
def test_audit_workers_are_those_beside_an_audit_process_that_does_not_work_alone(role, configured, workers):
    config = Config.model_validate({"shadow": {"audit_workers": configured}})
    assert plan_of(config, role).audit_workers == workers


def test_a_plan_has_the_addresses_of_the_ports_as_users_reach_them():
    config = Config.model_validate({"proxy": {"listen": "127.0.0.1:1", "tls_cert": "c.pem", "tls_key": "k.pem"}})
    plan = plan_of(config, "all")
    assert (plan.listen, plan.data_scheme, plan.admin_scheme) == ("127.0.0.1:1", "https", "http")


def test_a_plan_has_the_texts_of_the_certificate_as_it_was_read_and_none_without_one(tmp_path):
    _, (cert, key) = issued(tmp_path)
    files = {"tls_cert": cert, "tls_key": key}
    plan = plan_of(Config.model_validate({"proxy": files, "admin": files}), "all")
    assert plan.certificate == plan.admin_certificate == [Path(cert).read_text(), Path(key).read_text()]
    assert "PRIVATE" not in repr(plan)
    assert plan_of(Config(), "all").certificate == []


def test_the_data_plane_gets_of_a_tenant_its_key_and_routes_alone():
    config = Config.model_validate({"tenants": [{"name": "alpha", "key_env": "A", "keep_days": 3}]})
    assert list(plan_of(config, "all").tenants) == [{"name": "alpha", "key_env": "A", "routes": []}]


def test_providers_routes_and_tenants_turn_at_once_and_the_rest_is_named():
    old = Config.model_validate({"proxy": {"provider": "a", "providers": {"a": {"base_url": "http://127.0.0.1:1/v1"}}}})
    wanted = Config.model_validate(
        {
            "proxy": {"provider": "b", "workers": 2, "providers": {"b": {"base_url": "http://127.0.0.1:2/v1"}}},
            "shadow": {"sample_rate": 0.5},
            "tenants": [{"name": "alpha", "key_env": "A"}],
        }
    )
    new, later = reloaded(old, wanted)
    assert new.tenants == wanted.tenants
    assert (new.proxy.provider, list(new.proxy.providers), new.proxy.workers) == ("b", ["b"], 1)
    assert later == ["proxy.workers", "shadow.sample_rate"]


def test_a_file_read_again_gives_the_plan_of_what_applies_at_once(written, tmp_path):
    written("old")
    before = running(tmp_path)
    found = reread(written("new", rate=0.25), before, "all")
    assert found.plan is not None
    assert list(found.plan.proxy["providers"]) == ["new"]
    assert found.plan.config["shadow"]["sample_rate"] == 0.5
    assert list(found.later) == ["shadow.sample_rate"]
    assert found.counts == {"providers": 1, "routes": 0, "tenants": 0}


def test_an_unchanged_file_read_again_names_nothing_that_takes_a_restart(written, tmp_path):
    arguments = written("old")
    found = reread(arguments, running(tmp_path), "all")
    assert (found.later, found.errors) == ([], ())
    assert found.plan == plan_of(Config.model_validate(running(tmp_path)), "all")


def test_a_file_with_errors_gives_each_of_them_and_no_plan(written, tmp_path):
    written("old")
    before = running(tmp_path)
    found = reread(written("new", more="\nnothing = 1\n[bad]\n"), before, "all")
    assert found.plan is None
    assert len(found.errors) == 2
