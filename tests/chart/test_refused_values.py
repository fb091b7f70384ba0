"""Values that cannot work are refused by helm, with a sentence for each; what the chart refuses, `serve` refuses too."""

import json
import tomllib

import jsonschema_rs
import pytest
import yaml

from shadow.settings.broker_checks import role_error
from shadow.settings.top_level_config import Config
from tests.helm import CHART, EXAMPLES, helm, rendered, roles, template

pytestmark = pytest.mark.slow
PROJECT = tomllib.loads((CHART.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def config(**sections: dict[str, object]) -> dict[str, object]:
    return {"config": sections}


@pytest.mark.parametrize(
    ("mode", "more", "sentence"),
    [
        ("single", config(proxy={"providers": None}), "config.proxy.providers: no provider is named"),
        ("single", config(proxy={"listen": "0.0.0.0:9"}), "config.proxy.listen: the chart sets it"),
        ("single", config(admin={"listen": "0.0.0.0:9"}), "config.admin.listen: the chart sets it"),
        ("single", config(broker={"url": "nats://n:4222"}), "config.broker.url: one pod forwards and audits without a broker"),
        (
            "single",
            config(storage={"url": "sqlite:////data/a.db"}),
            'config.storage.url: "sqlite:////data/a.db" is not on the volume',
        ),
        ("single", config(storage={"url": "sqlite:///a.db"}), 'config.storage.url: "sqlite:///a.db" is not on the volume'),
        ("single", config(shadow={"tags": ["a", None]}), "config: cannot be written as TOML: toml: cannot encode array with nil"),
        ("fleet", config(broker={"url": ""}), "config.broker.url: none is configured"),
        ("fleet", config(storage={"url_env": ""}), "config.storage.url_env: auditors share one store"),
        ("fleet", config(shadow={"audit_workers": 2}), "config.shadow.audit_workers: workers of one host share"),
        ("fleet", config(admin={"metrics": "token"}), "config.admin.metrics: proxies have no store"),
        ("fleet", {"proxies": {"autoscaling": {"min": 11}}}, "proxies.autoscaling: min is 11 and max is 10"),
        ("fleet", {"proxies": {"resources": {"requests": {"cpu": None}}}}, "proxies.resources: no CPU is requested"),
        ("fleet", {"auditors": {"resources": {"requests": None}}}, "auditors.resources: no CPU is requested"),
        ("fleet", {"auditors": {"autoscaling": {"min": 7}}}, "auditors.autoscaling: min is 7 and max is 6"),
    ],
)
def test_a_value_that_cannot_work_is_refused_in_a_sentence(mode, more, sentence):
    ran = template(mode, more)
    assert ran.returncode == 1
    assert sentence in ran.stderr


SECRETS = {
    "storage.url": ("postgresql://a:s3cret@c/d", "postgres://a:s3/cret@c/d", "postgresql://c/d?user=a&password=s3cret"),
    "broker.url": ("nats://a:s3cret@n:4222", "nats://n:4222, tls://s3cret@n2:4222"),
    "proxy.outbound_proxy": ("http://a:s3cret@out:3128", "https://:s3cret@out"),
    "drift.webhook": ("https://a:s3cret@hook.example.com/x",),
    "storage.url ": ("postgresql://c/d?sslmode=require&sslpassword=s3cret",),
}


@pytest.mark.parametrize(("place", "url"), [(place, url) for place, urls in SECRETS.items() for url in urls])
@pytest.mark.parametrize("major", [3, 4])
def test_a_password_in_any_url_is_refused_and_not_shown(tmp_path, place, url, major):
    section, key = place.strip().split(".")
    file = tmp_path / "values.yaml"
    file.write_text(yaml.safe_dump(config(**{section: {key: url}})))
    ran = helm("template", "sameweights", CHART, "--values", EXAMPLES["fleet"], "--values", file, major=major)
    assert ran.returncode == 1
    assert f"config: {key} carries a password, which a ConfigMap would show" in ran.stderr
    assert "s3" not in ran.stdout + ran.stderr


@pytest.mark.parametrize(
    "more",
    [
        config(storage={"url_env": "", "url": "postgresql://sw@db:5432/sw?sslmode=require&passfile=/keys/pass"}),
        config(broker={"url": "nats://n-0:4222, nats://n-1:4222"}),
        config(proxy={"providers": {"upstream": {"base_url": "https://api.example.com:443/accounts/me@example.com/v1"}}}),
        config(storage={"redact": [r"://[^:@/\s]+:[^@/\s]+@", r"://\S+:\S+@"]}),
    ],
)
def test_a_colon_an_at_sign_and_a_pattern_are_no_password(more):
    ran = template("fleet", more)
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize(
    ("mode", "more"),
    [
        ("single", config(storage={"url": "sqlite:////var/lib/sameweights/a.db"})),
        ("single", config(storage={"url": "postgresql://sw@db/sw"})),
        ("fleet", config(storage={"url": "postgres://sw@db/sw", "url_env": ""})),
        ("fleet", config(shadow={"audit_workers": 1})),
        ("fleet", config(admin={"metrics": "token", "token_env": "T"})),
        ("fleet", {"proxies": {"autoscaling": {"min": 10}}}),
        ("fleet", {"proxies": {"resources": {"requests": {"cpu": None}, "limits": {"cpu": 2}}}}),
        ("fleet", {"proxies": {"resources": {"requests": None}, "autoscaling": {"enabled": False}}}),
        ("single", {"proxies": {"resources": {"requests": None}}}),
        ("single", {"single": {"resources": {"requests": None}}}),
        ("fleet", {"proxies": {"autoscaling": {"enabled": False, "min": 11}}}),
    ],
)
def test_its_neighbour_that_works_is_taken(mode, more):
    assert template(mode, more).returncode == 0


@pytest.mark.parametrize("mode", EXAMPLES)
def test_a_table_whose_keys_are_all_comments_is_as_one_that_is_absent(mode):
    tables = dict.fromkeys(("shadow", "admin", "drift", "log"))
    empty = config(**tables, proxy={"timeouts": None, "limits": None})
    assert {pod["terminationGracePeriodSeconds"] for pod in roles(rendered(mode, empty)).values()} == {60}


def test_every_sentence_comes_in_one_pass():
    more = config(proxy={"listen": "a"}, broker={"url": ""}, storage={"url_env": ""})
    ran = template("fleet", more)
    assert [line.split(":")[0].strip() for line in ran.stderr.splitlines() if line.startswith("  config.")] == [
        "config.proxy.listen",
        "config.broker.url",
        "config.storage.url_env",
    ]


@pytest.mark.parametrize(
    "sections",
    [
        {"broker": {}, "storage": {"url": "postgresql://sw@db/sw"}},
        {"broker": {"url": "nats://n:4222"}},
        {"broker": {"url": "nats://n:4222"}, "storage": {"url": "postgresql://sw@db/sw"}, "shadow": {"audit_workers": 2}},
        {"broker": {"url": "nats://n:4222"}, "storage": {"url": "postgresql://sw@db/sw"}, "admin": {"metrics": "token"}},
        {"broker": {"url": "nats://n:4222"}, "storage": {"url": "postgresql://sw@db/sw"}},
    ],
)
def test_the_chart_refuses_a_fleet_exactly_where_serve_refuses_a_role(tmp_path, sections):
    values = yaml.safe_load(EXAMPLES["fleet"].read_text())
    values["config"] = {"proxy": values["config"]["proxy"], **sections}
    file = tmp_path / "values.yaml"
    file.write_text(yaml.safe_dump(values))
    ran = helm("template", "sameweights", CHART, "--values", file)
    refused = [role_error(Config.model_validate(sections), role) for role in ("proxy", "audit")]
    assert (ran.returncode == 1) is any(refused), ran.stderr


@pytest.mark.parametrize("release", ["1a", "a.b", "a" * 49])
def test_a_release_that_no_service_can_be_named_by_is_refused(release):
    ran = template("single", release=release)
    assert ran.returncode == 1
    assert f'the release: "{release}" is not a valid Service name' in ran.stderr


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"wrokers": 3}, "additional properties 'wrokers' not allowed"),
        ({"proxies": {"replica": 3}}, "additional properties 'replica' not allowed"),
        ({"mode": "flet"}, "at '/mode': value must be one of 'single', 'fleet'"),
        ({"proxies": {"replicas": 0}}, "at '/proxies/replicas': minimum: got 0, want 1"),
        ({"proxies": {"autoscaling": {"cpu": 101}}}, "at '/proxies/autoscaling/cpu': maximum: got 101, want 100"),
        ({"single": {"storage": {"size": "20 GB"}}}, "at '/single/storage/size': '20 GB' does not match pattern"),
        ({"secrets": ["A_KEY=secret"]}, "at '/secrets/0': 'A_KEY=secret' does not match pattern"),
        ({"monitoring": {"pages": "audit.example.com"}}, "at '/monitoring/pages': 'audit.example.com' does not match pattern"),
        ({"config": {"admin": "0.0.0.0:8081"}}, "at '/config/admin': got string, want"),
        ({"address": "127.0.0.1"}, "at '/address': value must be one of '0.0.0.0', '[::]'"),
    ],
)
def test_a_value_that_does_not_exist_or_fit_is_refused_with_its_place(more, words):
    ran = template("fleet", more)
    assert ran.returncode == 1
    assert words in ran.stderr


def mounted(path: str) -> dict[str, object]:
    return {"volumeMounts": [{"name": "keys", "mountPath": path}]}


def key(table: str, name: str) -> str:
    """The place of a key as a JSON pointer (RFC 6901, section 3), without its first slash."""
    return f"{table}/{name.replace('/', '~1')}"


def of_the_chart() -> list[tuple[str, dict[str, object]]]:
    """Each name that a pod of the chart has already, given a second time; from the rendered pods, so that none is forgotten."""
    found = []
    for document in [*rendered("single"), *rendered("fleet")]:
        if document["kind"] in {"Deployment", "StatefulSet"}:
            template = document["spec"]["template"]
            (container,) = template["spec"]["containers"]
            found += [(key("podLabels", name), {"podLabels": {name: "a"}}) for name in template["metadata"]["labels"]]
            found += [
                (key("podAnnotations", name), {"podAnnotations": {name: "a"}}) for name in template["metadata"]["annotations"]
            ]
            found += [("volumes/0/name", {"volumes": [{"name": each["name"]}]}) for each in container["volumeMounts"]]
            found += [("volumeMounts/0/mountPath", mounted(each["mountPath"])) for each in container["volumeMounts"]]
            found += [("env/0/name", {"env": [{"name": each["name"], "value": "a"}]}) for each in container["env"]]
    return [each for number, each in enumerate(found) if each not in found[:number]]


@pytest.mark.parametrize(("place", "more"), of_the_chart(), ids=lambda value: value if isinstance(value, str) else "")
def test_what_the_chart_has_itself_is_refused_a_second_time_with_its_place(place, more):
    ran = template("fleet", more)
    assert ran.returncode == 1
    assert f"at '/{place}'" in ran.stderr


@pytest.mark.parametrize("part", ["proxies", "auditors"])
def test_a_variable_of_the_chart_is_refused_in_a_part_too(part):
    ran = template("fleet", {part: {"env": [{"name": "SAMEWEIGHTS_STORAGE__URL", "value": "a"}]}})
    assert ran.returncode == 1
    assert f"at '/{part}/env/0/name'" in ran.stderr


def test_further_labels_volumes_and_variables_beside_those_of_the_chart_are_taken():
    volume = {"volumes": [{"name": "keys", "secret": {"secretName": "keys"}}], **mounted("/etc/sameweights-keys")}
    labels = {"podLabels": {"app.kubernetes.io/part-of": "ai"}, "podAnnotations": {"checksum/keys": "1"}}
    ran = template("fleet", {**volume, **labels, "env": [{"name": "SAMEWEIGHTS_PROXY__WORKERS", "value": "2"}]})
    assert ran.returncode == 0, ran.stderr


def test_the_schema_has_every_default_and_only_those():
    schema = json.loads((CHART / "values.schema.json").read_text())
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    jsonschema_rs.validator_for(schema).validate(values)
    assert _unlike(schema, values) == []


def _unlike(schema: dict, values: dict, path: str = "") -> list[str]:
    """Members that the schema describes one by one and the defaults lack; the schema refuses the reverse."""
    found = []
    for name, inner in schema.get("properties", {}).items():
        place = f"{path}.{name}"
        if name not in values:
            found += [] if place.endswith(("resources.limits", "resources.claims", ".global")) else [place]
        elif isinstance(values[name], dict):
            found += _unlike(inner, values[name], place)
    return found


def test_the_chart_has_the_version_of_the_package():
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert (chart["version"], chart["appVersion"]) == (PROJECT["version"], PROJECT["version"])


def test_helm_without_values_states_what_is_missing():
    ran = helm("template", "sameweights", CHART)
    assert ran.returncode == 1
    assert "config.proxy.providers: no provider is named; write at least one with its base_url" in ran.stderr
