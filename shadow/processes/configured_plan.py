"""plan_of(): the plan of a configuration; reread(): that of the configuration as it is written now.

Run as a module, it reads a configuration again for the supervisor, which has not loaded the code for it: one JSON line on
standard input, one on standard output.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from proxy.process.server_tls import contents_of
from proxy.process.standard_streams import install_streams
from proxy.provider_config import TenantKey
from shadow.processes.serve_plan import Reread, ServeArguments, ServePlan
from shadow.processes.supervisor_log import log_options
from shadow.settings.config_errors import ConfigError
from shadow.settings.load_config import load
from shadow.settings.top_level_config import Config


def plan_of(config: Config, role: str) -> ServePlan:
    """What the supervisor of a host with this role must know."""
    whole = config.model_dump(mode="json")
    workers = config.shadow.audit_workers
    return ServePlan(
        config=whole,
        proxy=whole["proxy"],
        certificate=contents_of(config.proxy.tls_cert, config.proxy.tls_key),
        admin_certificate=contents_of(config.admin.tls_cert, config.admin.tls_key),
        tenants=[each.model_dump(mode="json", include=set(TenantKey.model_fields)) for each in config.tenants],
        log=log_options(config),
        listen=config.proxy.listen,
        data_scheme=_scheme(config.proxy.tls_cert),
        admin_scheme=_scheme(config.admin.tls_cert),
        audit_workers=workers if role == "all" and workers > 1 else 0,
        grace=config.proxy.timeouts.grace,
    )


def reread(arguments: ServeArguments, running: Mapping[str, object], role: str) -> Reread:
    """The configuration of `arguments` as it is now, while `running` is used."""
    try:
        wanted = load(Path(arguments.path) if arguments.path else None, arguments.flags, os.environ)
    except ConfigError as error:
        return Reread(errors=error.errors)
    new, later = reloaded(Config.model_validate(running), wanted)
    counts = {"providers": len(wanted.proxy.providers), "routes": len(wanted.proxy.routes), "tenants": len(wanted.tenants)}
    return Reread(plan=plan_of(new, role), later=later, counts=counts)


def reloaded(old: Config, wanted: Config) -> tuple[Config, list[str]]:
    """`old` with the providers, routes and tenants of `wanted`, and the keys that only a restart can change."""
    at_once = {name: getattr(wanted.proxy, name) for name in ("providers", "routes", "provider", "reference", "origins", "hosts")}
    new = old.model_copy(update={"proxy": old.proxy.model_copy(update=at_once), "tenants": wanted.tenants})
    ours, theirs = (each.model_dump(exclude={"tenants"}) for each in (new, wanted))
    later = [f"{section}.{key}" for section in ours for key in ours[section] if ours[section][key] != theirs[section][key]]
    return new, later


def _scheme(certificate: str) -> str:
    return "https" if certificate else "http"


def main() -> None:
    """Read the one line, and write the result."""
    install_streams()
    asked = json.loads(sys.stdin.readline())
    sys.stdout.write(json.dumps(asdict(reread(ServeArguments(**asked["arguments"]), asked["running"], asked["role"]))))
    sys.stdout.flush()


if __name__ == "__main__":
    main()
