"""probe_settings(): what makes two probes the same study: the whole task, its world, and the providers as they are configured.

Whatever can change what a run does stands here, so that no run of another task is reported as one of this task. Each member is a
text that a user can recognise; what is too long for a sentence, or may hold a secret, stands as a digest. `runs`, `at_once`, the
budget and the rule of the verdict are left out: they change how many runs there are, and what is concluded from them.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from hashlib import file_digest, sha256
from pathlib import Path

from proxy.provider_config import Provider
from shadow.settings.config_errors import ConfigError
from shadow.settings.top_level_config import Config
from shadow.studies.own_checks.check_spec import CheckSpec, check_table
from shadow.studies.probe.task import Task, TaskFile
from shadow.studies.targets import Targets
from shadow.studies.worlds.recording import Recording, recording_text
from shadow.studies.worlds.server_spec import ServerSpec

_PRICES = {"price_input", "price_output", "price_cached_input", "prices"}
_OF_NO_ANSWER = {*_PRICES, "served", "outbound_proxy", "ca_file", "base_url", "models", "fit_live", "api_key_env"}
"""Members of a provider that change no answer, or that are named by themselves."""


def probe_settings(file: TaskFile, targets: Targets, config: Config, recording: Recording | None) -> dict[str, object]:
    """The settings by their names in the sentence on another study; ConfigError where a copied folder cannot be read."""
    providers = {name: config.proxy.providers[name] for name in targets.names}
    model = file.study.model
    return {
        "providers": list(targets.candidates),
        "reference": targets.reference,
        "model": model,
        "addresses": [f"{name} {one.base_url.rstrip('/')}" for name, one in providers.items()],
        "names of the model": [f"{name} {one.upstream_model(model) or model}" for name, one in providers.items()],
        "settings of providers": [f"{name} {_provider_digest(one)}" for name, one in providers.items()],
        "seed": file.study.seed,
        "score": file.policy.score.value,
        **_of_task(file.task),
        "servers": [_server(server, file.here) for server in file.servers] or None,
        "world": _world(file, recording),
    }


def digest(value: object) -> str:
    """16 hex digits of a value, by its meaning as JSON."""
    return sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()[:16]


def _of_task(task: Task) -> dict[str, object]:
    return {
        "prompts": list(task.prompts),
        "system": task.system,
        "max steps": task.max_steps,
        "seconds": task.seconds,
        "stream": task.stream,
        "temperature": task.temperature,
        "echo_reasoning": task.echo_reasoning.value,
        "parameters": _table(task.parameters),
        "groups": [f"{name} = {' '.join(tools)}" for name, tools in task.groups.items()] or None,
        "forbid": list(task.forbid) or None,
        "checks": [f"{check.name} ({_check_digest(check)})" for check in task.checks] or None,
        "from": digest(task.messages) if task.messages else "",
    }


def _table(values: Mapping[str, object]) -> str:
    return json.dumps(values, sort_keys=True) if values else ""


def _provider_digest(provider: Provider) -> str:
    return digest(provider.model_dump(exclude=_OF_NO_ANSWER))


def _server(server: ServerSpec, here: Path) -> str:
    """A server by its name and command; its other settings, its program, and what is in its folder, as a digest."""
    copied = folder_digest(server.copy) if server.copy else ""
    program = _programs(server.command, here)
    settings = {**asdict(server), "copy": copied} | ({"program": program} if program else {})
    return f"{server.name} {shlex.join(server.command) or server.url} ({digest(settings)})"


def _check_digest(check: CheckSpec) -> str:
    return digest([check_table(check), *_programs(check.argv, Path())])


def _programs(words: Sequence[str], here: Path) -> list[str]:
    """The contents of the files that a command names; a program by an absolute path is the system's, and left out."""
    own = [word.replace("{here}", str(here)) for place, word in enumerate(words) if place or not Path(word).is_absolute()]
    return [_file_digest(Path(word)) for word in own if _is_file(word)]


def _is_file(word: str) -> bool:
    try:
        return Path(word).is_file()
    except (OSError, ValueError):
        return False


def _world(file: TaskFile, recording: Recording | None) -> str:
    world = file.world
    if recording is None:
        return "recorded" if world.record else ""
    return f"recording {digest(recording_text(recording))}, match {world.match.value}, unseen {world.unseen.value}"


def folder_digest(folder: Path) -> str:
    """16 hex digits of the names and contents of a folder, whenever they were written; a link by where it leads."""
    try:
        found = [[path.relative_to(folder).as_posix(), _content(path)] for path in sorted(folder.rglob("*"))]
    except OSError as error:
        raise ConfigError([f"copy: {folder.name} cannot be read: {error.strerror or error}: {_name(error)}"]) from None
    return digest(found)


def _name(error: OSError) -> str:
    return Path(str(error.filename or "")).name


def _content(path: Path) -> Sequence[str]:
    if path.is_symlink():
        return "link", str(path.readlink())
    if not path.is_file():
        return "folder", ""
    return "file", _file_digest(path)


def _file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
