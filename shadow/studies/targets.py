"""Targets: which configured providers a study compares with which reference, and what is missing to send them requests. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from shadow.settings.config_errors import ConfigError, quoted
from shadow.settings.cross_checks import RawConfig, same_server
from shadow.settings.top_level_config import Config


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """The providers of a study by their names: those that are compared, in the order given, and the reference."""

    candidates: tuple[str, ...]
    reference: str

    @property
    def names(self) -> tuple[str, ...]:
        """Every provider, the reference first."""
        return (self.reference, *self.candidates)


def targets_of(config: Config, candidates: Sequence[str], reference: str) -> Targets:
    """The targets by their names, from the configuration where none is named; ConfigError with every fault at once."""
    chosen = reference or config.proxy.reference
    named = tuple(dict.fromkeys(candidates)) or _all_but(config, chosen)
    known = config.proxy.providers
    faults = [_unknown("--provider", name, known) for name in named if name not in known]
    if chosen and chosen not in known:
        faults.append(_unknown("--reference", chosen, known))
    if not chosen:
        faults.append("--reference: no reference is named, here or as proxy.reference; name a provider of the configuration")
    if chosen in named:
        faults.append(f"--provider {quoted(chosen)}: is the reference too; give the same server a second name to compare it")
    if not named and chosen in known:
        faults.append("--provider: no provider is named, and the configuration has none beside the reference")
    if faults:
        raise ConfigError(faults)
    return Targets(candidates=named, reference=chosen)


def own_noise(config: Config, targets: Targets) -> list[str]:
    """A sentence for each provider that has the address and models of the reference: its verdict is about one server."""
    draft = RawConfig(tables=config.model_dump(mode="json"), environ={}, serving=False)
    return [
        f"{name} and {targets.reference} are one server: this measures its own noise"
        for name in targets.candidates
        if same_server(draft, name, targets.reference)
    ]


def missing_keys(config: Config, names: Collection[str], environ: Mapping[str, str]) -> list[str]:
    """A sentence for each environment variable that these providers need and that is not set."""
    found = []
    for name in names:
        provider = config.proxy.providers[name]
        variables = [provider.api_key_env, *provider.extra_headers_env.values()]
        found += [
            f"proxy.providers.{name}: the environment variable {variable} is not set; its requests need it"
            for variable in variables
            if variable and not environ.get(variable)
        ]
    return found


def _all_but(config: Config, reference: str) -> tuple[str, ...]:
    return tuple(name for name in config.proxy.providers if name != reference)


def _unknown(flag: str, name: str, known: Collection[str]) -> str:
    near = get_close_matches(name, known, n=1)
    guess = f"did you mean {near[0]}?" if near else f"known: {', '.join(sorted(known)) or 'none'}"
    return f"{flag} {quoted(name)}: no such provider in the configuration; {guess}"
