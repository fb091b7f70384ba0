"""named_models(): the configuration of `try` with a model for each side: as named, else the only one that its server lists."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import orjson

from shadow.pipeline.fetcher_client import InProcessFetcher
from shadow.pipeline.reference_client import ReferenceClient
from shadow.reading.body_decoding import DecodedBody, decode
from shadow.settings.config_errors import ConfigError, quoted
from shadow.settings.top_level_config import Config

UNKNOWN = "the model that its server lists"
"""Stands for a model's name in a plan, for which no server is contacted."""
SHOWN = 8


def named_models(config: Config, model: str, reference_model: str, environ: Mapping[str, str], *, listing: bool) -> Config:
    """Each side sends its own name for every request; ConfigError where a server lists none or several."""
    named = {"upstream": model, "reference": reference_model or model}
    missing = [name for name, known in named.items() if not known]
    if missing and listing:
        named |= asyncio.run(_listed(config, missing, environ))
    providers = dict(config.proxy.providers)
    for name, known in named.items():
        providers[name] = providers[name].model_copy(update={"models": {"*": known or UNKNOWN}})
    return config.model_copy(update={"proxy": config.proxy.model_copy(update={"providers": providers})})


async def _listed(config: Config, names: list[str], environ: Mapping[str, str]) -> Mapping[str, str]:
    client = ReferenceClient(config, environ, InProcessFetcher(config.proxy.timeouts, config.proxy.limits))
    try:
        answers = [await client.list_models(name) for name in names]
    finally:
        await client.close()
    found, faults = {}, []
    for name, answer in zip(names, answers, strict=True):
        response = answer.response
        body = decode(response.headers, response.body, ()) if response and response.status == 200 else None
        models = _ids(body.body) if isinstance(body, DecodedBody) else []
        flag = "--model" if name == "upstream" else "--reference-model"
        if len(models) == 1:
            found[name] = models[0]
        elif models:
            shown = ", ".join(quoted(each) for each in models[:SHOWN]) + (", ..." if len(models) > SHOWN else "")
            faults.append(f"{flag}: {name} serves {len(models)} models ({shown}); name the one to compare")
        else:
            why = f"status {response.status}" if response else f"{answer.failure.detail if answer.failure else 'no answer'}"
            faults.append(f"{flag}: {name} lists no models ({why}); name the one to compare")
    if faults:
        raise ConfigError(faults)
    return found


def _ids(body: bytes) -> list[str]:
    try:
        listed = orjson.loads(body)
    except orjson.JSONDecodeError:
        return []
    data = listed.get("data") if isinstance(listed, dict) else None
    models = data if isinstance(data, list) else []
    return [model["id"] for model in models if isinstance(model, dict) and isinstance(model.get("id"), str)]
