"""The configuration as its reference page has it: every key with its default; and no value of it changes once it was read."""

import json

import pytest
from pydantic import BaseModel, ValidationError

from proxy.provider_config import Limits, PriceEntry, Provider, ProxyConfig, Route, ServedModel, Timeouts
from shadow.settings.top_level_config import (
    AdminConfig,
    AdminToken,
    BrokerConfig,
    Config,
    DriftConfig,
    LogConfig,
    OtelConfig,
    ShadowConfig,
    TenantBudget,
    TenantConfig,
    TournamentConfig,
)
from storage.storage_config import StorageConfig
from tests.reference_pages import page, part, rows

SECTIONS = {
    "[proxy]": ProxyConfig,
    "[proxy.providers.NAME]": Provider,
    "[[proxy.providers.NAME.prices]]": PriceEntry,
    "[[proxy.providers.NAME.served]]": ServedModel,
    "[[proxy.routes]]": Route,
    "[proxy.timeouts]": Timeouts,
    "[proxy.limits]": Limits,
    "[shadow]": ShadowConfig,
    "[storage]": StorageConfig,
    "[drift]": DriftConfig,
    "[tournament]": TournamentConfig,
    "[admin]": AdminConfig,
    "[log]": LogConfig,
    "[broker]": BrokerConfig,
    "[otel]": OtelConfig,
    "[[tenants]]": TenantConfig,
    "[tenants.budget]": TenantBudget,
    "[[admin.tokens]]": AdminToken,
}


def own_keys(model: type[BaseModel]) -> set[str]:
    return {
        name
        for name, field in model.model_fields.items()
        if not (model is ProxyConfig and name in {"providers", "routes"})
        and not (isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel))
    }


@pytest.mark.parametrize("section", SECTIONS)
def test_every_key_is_documented_and_no_other(section):
    assert set(rows(part(page("configuration.md"), section))) == own_keys(SECTIONS[section])


@pytest.mark.parametrize("section", SECTIONS)
def test_every_default_is_the_one_in_force(section):
    for key, cells in rows(part(page("configuration.md"), section)).items():
        field = SECTIONS[section].model_fields[key]
        default = None if field.is_required() else field.get_default(call_default_factory=True)
        words = "must be given" if field.is_required() else "none" if default is None else f"`{json.dumps(default)}`"
        assert cells[1] == words, key
        assert len(cells[2]) > 10, f"{key} is not explained"


def test_every_section_of_the_configuration_is_documented():
    assert set(Config.model_fields) == {section.strip("[]").split(".")[0] for section in SECTIONS}


def test_the_defaults_of_every_section_are_within_their_own_bounds():
    """pydantic does not check defaults."""
    assert Config.model_validate(Config().model_dump()) == Config()


def set_anew(section: str) -> BaseModel:
    """A section with its defaults, and a text for what must be given."""
    model = SECTIONS[section]
    return model.model_validate({name: "x" for name, field in model.model_fields.items() if field.is_required()})


@pytest.mark.parametrize("section", [*SECTIONS, "whole"])
def test_no_value_changes_once_it_was_read(section):
    made = Config() if section == "whole" else set_anew(section)
    with pytest.raises(ValidationError, match="frozen"):
        setattr(made, next(iter(type(made).model_fields)), "y")


@pytest.mark.parametrize("section", [*SECTIONS, "whole"])
def test_a_key_that_no_section_has_is_refused(section):
    model = Config if section == "whole" else SECTIONS[section]
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        model.model_validate({"no_such_key": 1})


@pytest.mark.parametrize(("tag", "fits"), [("", False), ("a", True), ("a" * 64, True), ("a" * 65, False), ("a b", False)])
def test_a_tag_has_up_to_64_characters_without_blanks(tag, fits):
    if fits:
        assert ShadowConfig(tags=(tag,)).tags == (tag,)
    else:
        with pytest.raises(ValidationError, match="tags"):
            ShadowConfig(tags=(tag,))
