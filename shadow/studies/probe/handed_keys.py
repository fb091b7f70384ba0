"""handed_keys(): the variables with keys of providers that a task hands to its tool servers; none may be. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from shadow.settings.top_level_config import Config
from shadow.studies.worlds.server_spec import ServerSpec


def handed_keys(servers: Sequence[ServerSpec], config: Config) -> list[str]:
    """A sentence for each."""
    keys = {
        variable: name
        for name, provider in config.proxy.providers.items()
        for variable in (provider.api_key_env, *provider.extra_headers_env.values())
        if variable
    }
    return [
        f"servers.{server.name}.pass_env: {variable} is the key of {keys[variable]}, and no server gets a provider's key"
        for server in servers
        for variable in (*server.pass_env, server.token_env)
        if variable in keys
    ]
