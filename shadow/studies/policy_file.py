"""policy_of(): the policy of a study from the flags, and from the TOML file of `--policy` where there is one."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from shadow.settings.config_errors import ConfigError, ConfigErrorItem, ConfigSource, explain, sentences
from shadow.settings.toml_file import parse_toml, read_text, validated
from shadow.settings.toml_lines import key_lines
from shadow.studies.study_policy import OnUndecided, PolicyScore, StudyPolicy, policy_faults


class PolicyTables(BaseModel):
    """The keys of the file, those of `[study.policy]` of a task; the score follows from the command."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    allowed_drop: float | None = None
    alpha: float = 0.05
    fewest_runs: int = 6
    on_undecided: Literal["exit 4", "exit 0"] = "exit 4"


def policy_of(file: Path | None, score: PolicyScore, allowed_drop: float | None, otherwise: float | None = None) -> StudyPolicy:
    """The policy; `--allowed-drop` goes before the file's, `otherwise` is used where neither states it. ConfigError with
    everything that is wrong with the file.
    """
    read = _read(file) if file else PolicyTables()
    stated = read.allowed_drop if allowed_drop is None else allowed_drop
    return StudyPolicy(
        score=score,
        allowed_drop=otherwise if stated is None else stated,
        alpha=read.alpha,
        fewest_runs=read.fewest_runs,
        on_undecided=OnUndecided(read.on_undecided),
    )


def _read(path: Path) -> PolicyTables:
    text = read_text(path, missing="name a policy file, with keys such as allowed_drop = 0.1")
    tables, source = parse_toml(text, str(path)), ConfigSource(file=str(path), lines=key_lines(text))
    try:
        read = validated(PolicyTables, tables)
    except ValidationError as error:
        raise ConfigError(sentences(explain(error.errors(), PolicyTables), source)) from None
    made = StudyPolicy(allowed_drop=read.allowed_drop, alpha=read.alpha, fewest_runs=read.fewest_runs)
    faults = [ConfigErrorItem(path=(fault.split(maxsplit=1)[0],), sentence=fault) for fault in policy_faults(made)]
    if faults:
        raise ConfigError(sentences(faults, source))
    return read
