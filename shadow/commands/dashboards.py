"""Writes dashboards, rules and provisioning out of the package into a folder, with the addresses for their links and the job.

Rule: an existing file with other content is left as it is, and named, unless the user sets --force.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from shadow.commands.kubernetes_manifests import FOLDER, manifests
from shadow.commands.written_file import make_folder, write_text
from shadow.settings.config_errors import ConfigError, quoted

PAGES = "http://127.0.0.1:8081"
GRAFANA = "http://127.0.0.1:3000"
"""The addresses in the packaged files: those of grafana/compose.yaml, on the same machine."""
JOB = "sameweights"
"""The job in the packaged files."""
JOB_NAME = re.compile(r"[A-Za-z0-9._:/-]{1,200}")
"""Names that need no escape in YAML or PromQL; the Prometheus Operator's are `service` or `namespace/monitor`."""


def packaged() -> dict[str, str]:
    """Every packaged file by its path in the folder to be written."""
    return dict(_files(files("shadow.metrics") / "grafana", ""))


def adapted(text: str, *, pages: str = PAGES, grafana: str = GRAFANA, job: str = JOB) -> str:
    """The text with the admin port and Grafana at these addresses, scraped as this job of Prometheus."""
    text = text.replace(PAGES, pages.rstrip("/")).replace(GRAFANA, grafana.rstrip("/"))
    return text.replace(f'job="{JOB}"', f'job="{job}"').replace(f"job_name: {JOB}\n", f'job_name: "{job}"\n')


def contents(*, pages: str = PAGES, grafana: str = GRAFANA, job: str = JOB, image: str = "") -> dict[str, str]:
    """Every file by its path in the folder: with an `image` the manifests for Kubernetes, else all others. ConfigError for a name
    that they cannot hold.
    """
    if not JOB_NAME.fullmatch(job):
        raise ConfigError([f"--job: {quoted(job)} is not a valid job name; use letters, digits and any of . _ : / -"])
    texts = {name: adapted(text, pages=pages, grafana=grafana, job=job) for name, text in packaged().items()}
    if image:
        return manifests(texts, name=job, image=image)
    return {name: text for name, text in texts.items() if not name.startswith(FOLDER)}


def write(folder: Path, texts: Mapping[str, str], *, force: bool = False) -> list[Path]:
    """Write the files below `folder`; ConfigError names every existing file with other content, and nothing is written."""
    files = {folder / name: text for name, text in texts.items()}
    taken = [] if force else [path for path, text in files.items() if _is_other(path, text)]
    if taken:
        why = "is there already with other content, nothing was written; --force writes over"
        raise ConfigError([f"{path}: {why}" for path in taken])
    for path, text in files.items():
        make_folder(path.parent)
        write_text(path, text)
    return sorted(files)


def _files(folder: Traversable, prefix: str) -> Iterator[tuple[str, str]]:
    for entry in sorted(folder.iterdir(), key=lambda each: each.name):
        if entry.is_dir():
            yield from _files(entry, f"{prefix}{entry.name}/")
        else:
            yield f"{prefix}{entry.name}", entry.read_text(encoding="utf-8")


def _is_other(path: Path, text: str) -> bool:
    try:
        return path.read_text(encoding="utf-8") != text
    except (FileNotFoundError, NotADirectoryError):
        return False
    except (OSError, UnicodeDecodeError):
        return True
