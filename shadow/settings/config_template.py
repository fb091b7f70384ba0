"""The file that `sameweights config init` writes: it works after one change, and shows the other settings as comments."""

from __future__ import annotations

STARTER = """\
# sameweights.toml: which provider answers, and which reference it is compared with.
# Every key: docs/reference/configuration.md, or `sameweights config schema` for your editor.
# Keys of providers are read from environment variables; write only the variable's name here.
# Check this file: sameweights config check      Start: sameweights serve

[proxy]
listen = "127.0.0.1:8080"        # the application's base_url: http://127.0.0.1:8080/v1
provider = "upstream"            # the provider that answers
reference = "reference"          # gets a copy of a sample of requests; the application never waits for it
# workers = 1                    # processes that forward; one is enough for most

[proxy.providers.upstream]
base_url = "https://api.example.com/v1"
# api_key_env = "UPSTREAM_KEY"   # without it the application's own key is forwarded

[proxy.providers.reference]
base_url = "https://api.example.org/v1"
api_key_env = "REFERENCE_KEY"    # the application's key is never sent to a reference
# models = { "*" = "the-name-it-has-there" }
# price_input = 0.60             # money per million tokens, for shadow.money
# price_cached_input = 0.15      # of what was read from a cache; by model and date: [[proxy.providers.NAME.prices]]
# price_output = 2.50

# A route picks provider and reference by the model's name; the first match is used.
# [[proxy.routes]]
# name = "kimi"
# model = "kimi-*"
# provider = "upstream"
# reference = "reference"
# sample_rate = 0.20

[shadow]
sample_rate = 0.05               # fraction of conversations that also go to the reference
control_fraction = 0.10          # fraction of those that go to it twice, which measures its own noise
period = "day"
money = 0.0                      # limit on the cost of shadow requests in a period; 0 is no limit
tokens = 0
requests = 0

[storage]
url = "sqlite:///sameweights.db" # a file in the folder where sameweights is started
keep_days = 30
bodies = "full"                  # full, hash or none: how much is kept of prompts and answers

[admin]
listen = "127.0.0.1:8081"        # metrics, health and the pages; beyond loopback the pages need a token

[log]
level = "info"                   # error, warning, info, or debug for the steps of each exchange
# format = "json"                # text or json; left out: text on a terminal, JSON elsewhere
"""
