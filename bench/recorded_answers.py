"""Serves recorded answers of a real small model again, unaltered and altered, and shows which signal `sameweights try` names.

    nice .venv/bin/python bench/recorded_answers.py --llama .bench/llama [--n 60] [--record FILE]

llama.cpp's own server answers each built-in request of `try` three times (see bench/real_studies.py for the environment). Two of
the answers are the reference's, the third is the provider's: unaltered it is quiet, and each alteration is to be named by its
own signal. FILE keeps the recording, and is used again where it exists. The exit code is 1 where a row is not as expected.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from aiohttp import web
from real_studies import serve, stop, studied, weights_of

from shadow.studies.replay.try_prompts import try_rows

TEMPERATURE, MAX_TOKENS, DRAWS = 0.3, 200, 3
Message = dict[str, object]
Alter = Callable[[Message, int], Message | None]
"""Given the message of an answer and its number: the altered message, None for an error instead of it."""


@dataclass(frozen=True, kw_only=True)
class Altered:
    """One way to alter answers, the word that `try` should print, and what its sentence should name ("" for anything)."""

    what: str
    alter: Alter
    word: str
    names: str


def calling(arguments: str) -> Alter:
    """A call where the model answered in words; this model calls no tool by itself."""
    function = {"name": "get_weather", "arguments": arguments}
    call = {"id": "call_1", "type": "function", "function": function}
    return lambda _, __: {"role": "assistant", "content": None, "tool_calls": [call]}


def cut(message: Message, _: int) -> Message:
    return {**message, "content": str(message["content"])[:20]}


ALTERED = {
    "same": Altered(what="unaltered", alter=lambda message, _: message, word="", names=""),
    "cut": Altered(what="cut after 20 characters", alter=cut, word="FAIL", names="cut"),
    "empty": Altered(what="without their text", alter=lambda m, _: {**m, "content": ""}, word="FAIL", names="kind of answer"),
    "call": Altered(what="a tool call instead of text", alter=calling('{"city": "Oslo"}'), word="FAIL", names="calls a tool"),
    "errors": Altered(
        what="an error for every second request", alter=lambda m, n: None if n % 2 else m, word="FAIL", names="fails"
    ),
}


def key_of(body: Message) -> str:
    return json.dumps(body["messages"], sort_keys=True)


async def record(base: str, bodies: list[Message]) -> dict[str, list[Message]]:
    """Each body's answers, `DRAWS` of each."""
    kept: dict[str, list[Message]] = {}
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None)) as session:
        for body in bodies:
            sent = {**body, "model": "smollm2", "temperature": TEMPERATURE, "max_tokens": MAX_TOKENS}
            for _ in range(DRAWS):
                async with session.post(f"{base}/v1/chat/completions", json=sent) as got:
                    kept.setdefault(key_of(body), []).append(await got.json())
    return kept


class Replayer:
    """A server of recorded answers: the first two draws of a request in turn, or the third one altered."""

    def __init__(self, kept: dict[str, list[Message]], altered: Altered | None) -> None:
        self.kept, self.altered = kept, altered
        self.times: Counter[str] = Counter()
        self.answered = 0

    async def models(self, _: web.Request) -> web.Response:
        return web.json_response({"object": "list", "data": [{"id": "smollm2", "object": "model"}]})

    async def answer(self, request: web.Request) -> web.Response:
        key = key_of(await request.json())
        draw = 2 if self.altered else self.times[key] % 2
        self.times[key] += 1
        whole = json.loads(json.dumps(self.kept[key][draw]))
        whole["id"] = f"{whole.get('id', '')}-{self.times[key]}-{draw}"
        self.answered += 1
        if self.altered is None:
            return web.json_response(whole)
        choice = whole["choices"][0]
        message = self.altered.alter(choice["message"], self.answered)
        if message is None:
            return web.json_response({"error": {"message": "overloaded", "type": "server_error"}}, status=400)
        choice["message"] = message
        choice["finish_reason"] = "tool_calls" if message.get("tool_calls") else choice["finish_reason"]
        if self.altered is ALTERED["cut"]:
            choice["finish_reason"] = "length"
        return web.json_response(whole)

    async def start(self) -> tuple[web.AppRunner, str]:
        app = web.Application()
        app.add_routes([web.get("/v1/models", self.models), web.post("/v1/chat/completions", self.answer)])
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        return runner, f"http://127.0.0.1:{runner.addresses[0][1]}/v1"


async def compared(kept: dict[str, list[Message]], name: str, folder: Path, count: int) -> tuple[dict, float]:
    """The study of one alteration as JSON, and its seconds."""
    runners = [await Replayer(kept, altered).start() for altered in (ALTERED[name], None)]
    (_, upstream), (_, reference) = runners
    command = ["try", "--upstream", upstream, "--reference", reference, "--n", str(count), "--allowed-drop", "0.2"]
    command += ["--set", f"temperature={TEMPERATURE}", "--set", f"max_tokens={MAX_TOKENS}", "--db", str(folder / f"{name}.db")]
    _, study, seconds = await asyncio.to_thread(studied, command, folder)
    for runner, _ in runners:
        await runner.cleanup()
    return study, seconds


def recording(given: argparse.Namespace, folder: Path) -> dict[str, list[Message]]:
    if given.record and given.record.exists():
        return dict(json.loads(given.record.read_text()))
    server, base = serve(given.llama, weights_of(given.llama, folder, 16), {})
    bodies = [json.loads(row.request.body) for row in try_rows(given.n, 1, {})]
    kept = asyncio.run(record(base, bodies))
    stop(server)
    if given.record:
        given.record.write_text(json.dumps(kept))
    return kept


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--llama", type=Path, required=True)
    parser.add_argument("--n", type=int, default=60)
    parser.add_argument("--record", type=Path)
    given = parser.parse_args()
    given.llama = given.llama.resolve()
    missed = []
    with tempfile.TemporaryDirectory() as made:
        kept = recording(given, Path(made))
        print(f"{len(kept)} requests, {DRAWS} answers each\n\n| answers | word | |\n|---|---|---|")
        for name, altered in ALTERED.items():
            study, _ = asyncio.run(compared(kept, name, Path(made), given.n))
            verdict = study["verdicts"][0]
            print(f"| {altered.what} | {verdict['word']} | {verdict['sentence']} |", flush=True)
            named = altered.names in verdict["sentence"] and (verdict["word"] == altered.word if altered.word else True)
            if not named or (name == "same" and verdict["word"] == "FAIL"):
                missed.append(name)
    print(f"\nnot as expected: {', '.join(missed) or 'none'}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
