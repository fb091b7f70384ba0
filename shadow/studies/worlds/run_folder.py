"""The folder of one run of one server: the copied data, a TMPDIR, and nothing of another run.

A fresh process alone is no fresh world: servers keep files in the temporary folder.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from shadow.studies.worlds.copied_links import link_faults
from shadow.studies.worlds.server_spec import ServerSpec

HANDED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "SYSTEMROOT")
"""Variables of our environment that a server gets; keys of providers are not among them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFolder:
    """A folder with `data` (the copy), `tmp`, `stderr`, and what the placeholders of a task mean in it."""

    path: Path
    run: str
    here: Path
    port: int = 0

    @property
    def data(self) -> Path:
        """The copied data, which is also the server's working folder where there is a copy."""
        return self.path / "data"

    @property
    def errors(self) -> Path:
        """The file of the server's standard error."""
        return self.path / "stderr"

    @property
    def placeholders(self) -> dict[str, str]:
        """Each placeholder that a task may use, and its value."""
        return {
            "{data}": str(self.data),
            "{folder}": str(self.path),
            "{run}": self.run,
            "{here}": str(self.here),
            "{port}": str(self.port),
            "{python}": sys.executable,
        }

    def prepare(self, copy: Path | None) -> None:
        """Make the folders and copy the data; ValueError for a link that a copy cannot have."""
        (self.path / "tmp").mkdir(parents=True)
        self.data.mkdir()
        if copy is None:
            return
        if faults := link_faults(copy):
            raise ValueError(f"{copy.name}: {faults[0]}")
        shutil.copytree(copy, self.data, symlinks=True, dirs_exist_ok=True)

    def filled(self, text: str) -> str:
        """The text with its placeholders replaced."""
        for name, value in self.placeholders.items():
            text = text.replace(name, value)
        return text

    def environ(self, spec: ServerSpec, ours: Mapping[str, str]) -> dict[str, str]:
        """The whole environment of the server: a few of our variables, and those that the task names."""
        named = (*HANDED_ON, *spec.pass_env)
        kept = {name: ours[name] for name in named if name in ours}
        return kept | {"TMPDIR": str(self.path / "tmp")} | {name: self.filled(value) for name, value in spec.env.items()}

    def injected(self, spec: ServerSpec) -> dict[str, object]:
        """The arguments that the study fills in, with their placeholders replaced."""
        return {name: self.filled(value) if isinstance(value, str) else value for name, value in spec.inject.items()}
