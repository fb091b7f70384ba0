"""The database of a study: a file of its own with the schema of every other, so that it affects no live figure and no alarm.

One file holds one study: the same one is resumed, and another one is refused with what is different.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from itertools import chain, count
from pathlib import Path

from shadow.settings.config_errors import ConfigError, quoted
from storage.opening import database_path, open_reader, open_store
from storage.sqlite.connection import FILES
from storage.storage_config import StorageConfig
from storage.store import Reader, Store
from storage.study_rows import RecordedFilter, StudyRow

FOR_EVER = 36_500.0
"""Days for which answers are kept: until they are forgotten by name."""
_NAME = re.compile(r"[^A-Za-z0-9._-]+")


def study_name(text: str) -> str:
    """A name that a file may bear, of at most 60 characters."""
    return _NAME.sub("-", text).strip("-.")[:60] or "study"


def database_of(name: str, db: str | None) -> Path:
    """The file of a study: `--db`, else study-NAME.db of this folder."""
    return database_path(db or f"study-{name}.db")


def open_study_store(path: Path, storage: StorageConfig) -> Store:
    """The database for writing, bodies and redaction as the configuration has them; StoreError in one sentence.

    ConfigError for one with recorded traffic and no study: what a study stores there would be judged as traffic.
    """
    own = storage.in_file(path).model_copy(update={"keep_days": FOR_EVER, "max_bytes": 0, "batch_seconds": 0.01})
    store = open_store(own)
    try:
        _check_own(path, store)
    except ConfigError:
        store.close()
        raise
    return store


def _check_own(path: Path, reader: Reader) -> None:
    if not reader.studies.studies() and reader.studies.recorded_requests(RecordedFilter(limit=1, unsampled=True)):
        raise ConfigError([f"{path}: holds recorded traffic; a study needs a database of its own: name another with --db"])


def set_aside(path: Path, now: float) -> Path | None:
    """Rename the database and its log, for a study that begins again; the new path, None where there is none. ConfigError as
    `open_study_store`, and StoreError for a file that is no database of ours: both stay where they are.
    """
    if not path.exists():
        return None
    with closing(open_reader(StorageConfig(url=f"sqlite:///{path}"))) as reader:
        _check_own(path, reader)
    kept = _free_name(path, now)
    for suffix in FILES:
        old = Path(f"{path}{suffix}")
        if old.exists() and suffix != "-lock":
            old.rename(f"{kept}{suffix}")
    return kept


def _free_name(path: Path, now: float) -> Path:
    """The name with the time in it; with a number too where a database was set aside within the same second."""
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime(now))
    endings = chain([""], map("-{}".format, count(2)))
    kept = (path.with_name(f"{path.stem}.{stamp}{ending}{path.suffix}") for ending in endings)
    return next(each for each in kept if not any(Path(f"{each}{suffix}").exists() for suffix in FILES))


def study_id(kind: str, name: str, settings: Mapping[str, object]) -> str:
    """16 hex digits of what makes a study the same one when it is resumed."""
    text = json.dumps([kind, name, settings], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def check_same(path: Path, found: Sequence[StudyRow], *, kind: str, name: str, settings: Mapping[str, object]) -> None:
    """ConfigError where the database holds other studies alone, with what is different from the first of them."""
    identity = study_id(kind, name, settings)
    if not found or identity in {study.id for study in found}:
        return
    before = {"kind": found[0].kind, "name": found[0].name, **_settings(found[0])}
    now = {"kind": kind, "name": name, **settings}
    different = [key for key in {**before, **now} if before.get(key) != now.get(key)]
    changes = "; ".join(f"{key}: was {quoted_value(before.get(key))}, is {quoted_value(now.get(key))}" for key in different)
    raise ConfigError([f"{path}: holds another study ({changes}); name another database with --db, or begin again with --fresh"])


def quoted_value(value: object) -> str:
    """A setting as the user knows it."""
    return ", ".join(map(str, value)) if isinstance(value, list) else quoted(value) if value not in (None, "", {}) else "nothing"


def _settings(study: StudyRow) -> Mapping[str, object]:
    found = json.loads(study.plan).get("settings", {})
    return found if isinstance(found, dict) else {}
