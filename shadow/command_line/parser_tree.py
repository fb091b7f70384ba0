"""command_words(): every command of the parser with its flags and arguments, from which help and completion are made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

NAMED_VALUES = {
    "--provider": "provider",
    "--reference": "provider",
    "--model": "model",
    "--route": "route",
    "--signal": "signal",
    "--state": "state",
    "--segment": "segment",
}
"""Flags whose values are completed by name, and the kind of these names."""
FILES = frozenset({"PATH", "FILE", "DIR", "CONFIG", "TASK", "FILES..."})
"""Metavariables of flags and arguments that are files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandFlag:
    """A flag with its help; `value` is its metavariable, "" for a switch."""

    name: str
    help: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandWords:
    """A command: its words after `sameweights`, its help, its flags and the metavariables of its arguments."""

    words: str
    help: str
    flags: tuple[CommandFlag, ...]
    arguments: tuple[str, ...]


class Parameter(Protocol):
    """A parameter of a command, as the parser holds it."""

    opts: list[str]
    param_type_name: str
    metavar: str | None


def command_words(group: object, before: str = "") -> Iterator[CommandWords]:
    """The commands below a group, those of groups inside it by both words; hidden commands and flags are left out."""
    commands: dict[str, object] = getattr(group, "commands", {})
    for name, command in commands.items():
        if getattr(command, "hidden", False):
            continue
        words = f"{before} {name}".strip()
        if getattr(command, "commands", None):
            yield CommandWords(words=words, help=_help(command), flags=(), arguments=())
            yield from command_words(command, words)
        else:
            yield CommandWords(
                words=words, help=_help(command), flags=tuple(_flags(command)), arguments=tuple(_arguments(command))
            )


def _help(command: object) -> str:
    text: str = getattr(command, "help", "") or ""
    return " ".join(text.partition("\n\n")[0].split())


def _flags(command: object) -> Iterator[CommandFlag]:
    for parameter in getattr(command, "params", ()):
        if parameter.param_type_name == "option" and not getattr(parameter, "hidden", False):
            value = "" if getattr(parameter, "is_flag", False) else parameter.metavar or "VALUE"
            for name in parameter.opts:
                yield CommandFlag(name=name, help=" ".join((parameter.help or "").split()), value=value)


def _arguments(command: object) -> Iterator[str]:
    for parameter in getattr(command, "params", ()):
        if parameter.param_type_name == "argument":
            yield (parameter.metavar or "").strip("[]")
