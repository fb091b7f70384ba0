"""A tool's schema that doubles its work from level to level stops no audit: its calls are not measured, with the reason."""

import json
from contextlib import closing
from itertools import pairwise

import aiohttp
import pytest

from tests.journeys.test_hostile_reference import whole
from tests.journeys.test_whole_path_of_a_request import CONFIG, audited, post
from tests.running import chat
from tests.wires import scripted

pytestmark = [pytest.mark.journey, pytest.mark.promise("shadow.hostile")]

CALL = whole({"content": None, "tool_calls": [{"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]})


def tool(levels: int, keyword: str) -> dict:
    names = [f"d{level}" for level in range(levels + 1)]
    defs = {name: {keyword: [{"$ref": f"#/$defs/{below}"}] * 2} for name, below in pairwise(names)}
    schema = {"$defs": defs | {names[-1]: {"type": "object"}}, "$ref": "#/$defs/d0"}
    return {"type": "function", "function": {"name": "f", "parameters": schema}}


async def test_calls_of_costly_schemas_are_not_measured_and_the_audit_goes_on(serve):
    tools = [tool(levels, keyword) for keyword in ("allOf", "oneOf") for levels in (2, 40)]
    answers = [CALL] * (3 * len(tools))
    async with scripted(None, *answers) as candidate, scripted(None, *answers) as official:
        toml = CONFIG.format(candidate=candidate.url, official=official.url)
        async with serve(toml, env={"OFFICIAL_KEY": "x"}) as served, aiohttp.ClientSession() as session:
            for number, each in enumerate(tools):
                async with post(session, served.data, chat(text=f"Call {number}", tools=[each])) as got:
                    assert got.status == 200
                    assert json.loads(await got.read())["choices"][0]["message"]["tool_calls"]
            pairs = await audited(served, len(tools))
            async with session.get(served.admin + "/healthz") as health:
                assert health.status == 200
            with closing(served.reader) as reader:
                found = [
                    (row.state, row.reason)
                    for pair in pairs
                    for row in reader.findings(pair_id=pair.pair.id)
                    if (row.comparison, row.signal) == ("cross", "valid_calls")
                ]
    costly = "not checked: f: the schema is too costly: more than 2,000,000 steps"
    assert found.count(("not_measured", costly)) == 2
    assert [state for state, _ in found].count("not_measured") == 2
