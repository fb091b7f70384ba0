"""read_checks_file(): the checks of a replay out of a TOML file, or everything wrong with them, by line."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

from shadow.settings.config_errors import ConfigError, ConfigErrorItem, ConfigSource, sentences
from shadow.settings.toml_lines import key_lines
from shadow.studies.own_checks.check_spec import CheckSpec, CheckSpecError
from shadow.studies.own_checks.row_checks import read_row_check


def read_checks_file(path: Path) -> tuple[CheckSpec, ...]:
    """The `[[checks]]` of a file, at least one; ConfigError with a sentence for each fault."""
    try:
        text = path.read_text(encoding="utf-8")
        tables = tomllib.loads(text)
    except OSError as fault:
        raise ConfigError([f"--checks: {path} cannot be read: {fault.strerror or fault}"]) from fault
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        raise ConfigError([f"{path.name}: not TOML: {fault}"]) from fault
    if faults := list(_faults(tables)):
        raise ConfigError(sentences(faults, ConfigSource(file=path.name, lines=key_lines(text))))
    return tuple(read_row_check(table) for table in tables["checks"])


def _faults(tables: dict[str, object]) -> Iterator[ConfigErrorItem]:
    for name in tables:
        if name != "checks":
            yield ConfigErrorItem(path=(name,), sentence="is not part of a checks file, which has only [[checks]]")
    checks = tables.get("checks")
    if not isinstance(checks, list) or not checks or not all(isinstance(table, dict) for table in checks):
        yield ConfigErrorItem(path=("checks",), sentence="is a list of tables, [[checks]], with a kind each")
        return
    for place, table in enumerate(checks):
        yield from (ConfigErrorItem(path=("checks", place), sentence=sentence) for sentence in _faults_of(table))


def _faults_of(table: dict[str, object]) -> Iterator[str]:
    try:
        read_row_check(table)
    except CheckSpecError as error:
        yield from error.faults
