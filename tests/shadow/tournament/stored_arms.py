"""Candidates' pairs put into a real store by hand, and judged."""

from proxy.exchange import Role
from shadow.judging.judge import Judge
from shadow.settings.top_level_config import Config
from tests.records import NOW, add_pair, calling

PROVIDERS = {name: {"base_url": f"https://{name}.example.com/v1"} for name in ("live", "official", "host-b", "host-c")}
PROVIDERS["host-b"] |= {"served": [{"quantization": "fp8", "context": 131_072}]}
ROUTE = {"name": "agents", "provider": "live", "reference": "official", "candidates": ["host-b", "host-c"]}
CONFIG = Config.model_validate(
    {"proxy": {"providers": PROVIDERS, "routes": [ROUTE]}, "tournament": {"tolerance": 20.0, "signals": ["answer_kind"]}}
)


def store_arms(store, begun, n=80, **more):
    """`host-b` answers as the reference, `host-c` calls another tool; a request a second from `begun` (epoch seconds) on."""
    same, other = calling("Oslo"), calling("Oslo", name="get_time")
    for place in range(n):
        fields = {"route": "agents", "started": begun + place, "role": Role.CANDIDATE, **more}
        add_pair(store, "host-b", same, same, **fields)
        add_pair(store, "host-c", other, same, same, **fields)
    assert store.flush(20)
    judge = Judge.configured(Config(), store.judgements, holder="test", publish=lambda *_: None)
    while judge.step(NOW):
        pass
    judge.close()
