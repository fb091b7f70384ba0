"""Ports and tokens are tested by the journey `test_records_over_mcp`; here what can be wrong before one is opened."""

import pytest

from shadow.mcp_server.serve_records import run
from shadow.settings.config_errors import ConfigError
from shadow.settings.top_level_config import Config


@pytest.mark.parametrize("address", ["0.0.0.0:0", "[::]:0", "host.example:80"])
def test_an_address_beyond_loopback_needs_a_token(store, address):
    with pytest.raises(ConfigError, match="is reached from other machines"):
        run(store, Config(), http=address, token_env="")


@pytest.mark.parametrize("address", ["127.0.0.1", ":1", "127.0.0.1:65536", "127.0.0.1:x"])
def test_a_text_that_is_no_address_is_quoted(store, address):
    with pytest.raises(ConfigError, match="is no address; write HOST:PORT"):
        run(store, Config(), http=address, token_env="")


def test_an_empty_variable_is_no_token(store, monkeypatch):
    monkeypatch.setenv("RECORDS_TOKEN", "")
    with pytest.raises(ConfigError, match="no variable 'RECORDS_TOKEN', or it is empty"):
        run(store, Config(), http="127.0.0.1:0", token_env="RECORDS_TOKEN")
