"""The configuration in a child process: read from its task as plain values, since the parent has validated it.

The classes of `provider_config` need pydantic, 9 MiB in each process; here a section has its keys as attributes and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NoReturn, cast

if TYPE_CHECKING:
    from proxy.provider_config import Limits, ProxyConfig, TenantKey, Timeouts


class ValidatedSection:
    """One section: a list among its keys is a tuple, as in the class whose values these are; it is never changed."""

    def __init__(self, keys: Mapping[str, object]) -> None:
        self.__dict__.update((key, tuple(value) if isinstance(value, list) else value) for key, value in keys.items())

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"{name}: a configuration is never changed")

    def __repr__(self) -> str:
        return f"<ValidatedSection {', '.join(self.__dict__)}>"


def proxy_config(task: object) -> ProxyConfig:
    """The `[proxy]` of a task; KeyError, TypeError or ValueError where it is not one."""
    keys = _keys(task)
    providers = {name: ValidatedSection(_keys(each)) for name, each in _keys(keys["providers"]).items()}
    routes = [ValidatedSection(_keys(each)) for each in cast("Sequence[object]", keys["routes"])]
    limits, timeouts = limits_of(keys["limits"]), timeouts_of(keys["timeouts"])
    more = {"providers": providers, "routes": routes, "limits": limits, "timeouts": timeouts}
    return cast("ProxyConfig", ValidatedSection({**keys, **more}))


def limits_of(task: object) -> Limits:
    """`[proxy.limits]` of a task."""
    return cast("Limits", ValidatedSection(_keys(task)))


def timeouts_of(task: object) -> Timeouts:
    """`[proxy.timeouts]` of a task."""
    return cast("Timeouts", ValidatedSection(_keys(task)))


def tenant_keys(task: object) -> list[TenantKey]:
    """The tenants of a task."""
    return [cast("TenantKey", ValidatedSection(_keys(each))) for each in cast("Sequence[object]", task)]


def _keys(section: object) -> Mapping[str, object]:
    if not isinstance(section, dict):
        raise TypeError(f"a section of the configuration is no table: {type(section).__name__}")
    return section
