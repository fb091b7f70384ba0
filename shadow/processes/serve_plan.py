"""ServePlan: what the supervisor has of a configuration, as plain values, since the classes of a configuration need pydantic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class ServePlan:
    """One configuration; it passes between processes as JSON of its fields."""

    config: Mapping[str, object]
    """The whole of it, as the audit gets it."""
    proxy: Mapping[str, object]
    """Its `[proxy]`, as the data plane gets it."""
    certificate: Sequence[str] = field(repr=False)
    """The texts of the certificate of the data port and of its key, none where it has none: a process that starts again while the
    files are being renewed serves these.
    """
    admin_certificate: Sequence[str] = field(repr=False)
    """The same of the admin port."""
    tenants: Sequence[Mapping[str, object]]
    """The tenants as the data plane sees them."""
    log: Mapping[str, str]
    """Level and style of the log, as `to_stderr` of each process takes them."""
    listen: str
    """The address of the data port as it was written."""
    data_scheme: str
    """http, or https where the port has a certificate."""
    admin_scheme: str
    audit_workers: int
    """Audit workers beside the audit process; 0 where it works alone."""
    grace: float
    """Seconds in which running streams may end at a stop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeArguments:
    """By which a configuration is read: the `path` of its file, "" for none, and the `flags` that count over it."""

    path: str
    flags: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reread:
    """A configuration read again: the plan from now on, or the `errors` for which nothing is changed."""

    plan: ServePlan | None = None
    later: Sequence[str] = ()
    """Changed keys that only a restart applies."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """How many providers, routes and tenants there are now."""
    errors: Sequence[str] = ()
