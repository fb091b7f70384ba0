"""Keys of providers that a task hands to its servers."""

from proxy.provider_config import Provider, ProxyConfig
from shadow.settings.top_level_config import Config
from shadow.studies.probe.handed_keys import handed_keys
from shadow.studies.worlds.server_spec import ServerSpec

NEAR = Provider(base_url="http://near/v1", api_key_env="NEAR_KEY", extra_headers_env={"X-Key": "SECOND_KEY"})
CONFIG = Config(proxy=ProxyConfig(providers={"near": NEAR}))


def test_each_key_is_named_however_it_is_handed_on_and_other_variables_are_not():
    servers = [
        ServerSpec(name="a", pass_env=("NEAR_KEY", "OTHER")),
        ServerSpec(name="b", url="http://h/mcp", token_env="SECOND_KEY"),
    ]
    assert handed_keys(servers, CONFIG) == [
        "servers.a.pass_env: NEAR_KEY is the key of near, and no server gets a provider's key",
        "servers.b.pass_env: SECOND_KEY is the key of near, and no server gets a provider's key",
    ]
