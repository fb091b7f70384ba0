"""The store's section of the configuration: where rows are kept, for how long, and how much of the bodies."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from storage.operator_pattern import checked

Pattern = Annotated[str, AfterValidator(checked)]
Bodies = Literal["full", "hash", "none"]
SERVER_SCHEMES = ("postgresql://", "postgres://")


class StorageConfig(BaseModel):
    """Where the records live. `bodies`: `full` keeps them, `hash` a digest and a pseudonymised body, `none` nothing of them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = "sqlite:///sameweights.db"
    """`sqlite:///FILE`, a bare path, or `postgresql://USER@HOST/DATABASE`."""
    url_env: str = ""
    """Environment variable that holds the URL, which takes precedence over `url`: a password stays out of the file."""
    read_url_env: str = ""
    """Environment variable that holds the URL of a PostgreSQL standby, which pages, reports and commands read."""
    keep_days: Annotated[float, Field(gt=0)] = 30.0
    keep_rate: Annotated[float, Field(ge=0, le=1)] = 1.0
    """Share of the conversations of which every exchange has a row; of the others, pairs and answers that failed a check alone.
    All are counted.
    """
    max_bytes: Annotated[int, Field(ge=0)] = 0
    """Bytes of the database and its log, kept within 5 % behind each batch; 0 is no bound. The oldest records go first."""
    bodies: Bodies = "full"
    redact: tuple[Pattern, ...] = ()
    """Regular expressions (RE2) of what is never stored, beside known credentials; a group named `secret` narrows one."""
    batch_rows: Annotated[int, Field(ge=1, le=20_000)] = 2_000
    batch_seconds: Annotated[float, Field(gt=0, le=60)] = 0.5
    queue: Annotated[int, Field(ge=1)] = 10_000
    """Records waiting for the writer before new ones are dropped, and counted."""

    def in_file(self, path: object) -> StorageConfig:
        """The same in the SQLite file of this path, whatever the URL and its variables are."""
        return self.model_copy(update={"url": f"sqlite:///{path}", "url_env": "", "read_url_env": ""})


def is_server(url: str) -> bool:
    """Whether a URL names a database on a server, and not a file."""
    return url.startswith(SERVER_SCHEMES)
