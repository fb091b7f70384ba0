"""The files of the example: a task for each of the experiment's models, its instructions, and the providers' addresses."""

from __future__ import annotations

from pathlib import Path

from shadow.demo.fleet.instruction_rows import FILE, instruction_lines
from shadow.demo.fleet.pretended_hosts import HOSTS
from shadow.settings.config_errors import ConfigError

PADDING = 210_078
"""Characters of the tools' descriptions beside their own, which make the first request as long as the experiment reports."""

_TASK = '''\
# sameweights probe {file}
[task]
name = "{name}"
prompt = """
Analyze my vehicle's battery health and charging. Name the vehicle, its battery's health, its charges, its efficiency,
the chargers that I use, and public chargers nearby."""
max_steps = 20

[task.groups] # one point for each group of which a tool is called
vehicles = ["list_vehicles"]
battery = ["get_battery_health"]
charges = ["get_charges", "get_charges_brief", "get_charge_report"]
efficiency = ["get_efficiency"]
own_chargers = ["get_my_chargers"]
public_chargers = ["search_public_chargers", "find_nearby_chargers"]

[study]
reference = "{reference}"
providers = [{providers}]
model = "{model}"
runs = 40

[study.policy]
allowed_drop = 0.3

[study.budget]
requests = 4000
tokens = 300_000_000

[[servers]]
name = "fleet"
command = ["fleet", "--padding", "{padding}"]
isolation = "in_process" # the example alone can run so; a process for each run: leave this out, and write
# command = ["{{python}}", "-m", "shadow.studies.fleet", "--padding", "{padding}"]
'''
_CONFIG = """\
[proxy]
reference = "ollama"
"""
_PROVIDER = """
[proxy.providers.{name}]
base_url = "http://127.0.0.1:{port}/{name}/v1"
"""
_TASKS = {
    "battery-30b.toml": ("nano-30b", "ollama", ("nim", "openrouter", "deepinfra")),
    "battery-120b.toml": ("super-120b", "nim", ("openrouter", "deepinfra")),
    "battery-9b.toml": ("nano-9b", "openrouter", ("deepinfra", "nim")),
}


def write_example(folder: Path, port: int) -> list[Path]:
    """Write the files into a folder, and return their paths; ConfigError when one is there already."""
    folder.mkdir(parents=True, exist_ok=True)
    providers = "".join(_PROVIDER.format(name=name, port=port) for name in HOSTS)
    texts = {"sameweights.toml": _CONFIG + providers} | {name: _task_text(name) for name in _TASKS} | {FILE: instruction_lines()}
    return [_written(folder / name, text) for name, text in texts.items()]


def _task_text(name: str) -> str:
    model, reference, providers = _TASKS[name]
    listed = ", ".join(f'"{provider}"' for provider in providers)
    return _TASK.format(file=name, name=Path(name).stem, model=model, reference=reference, providers=listed, padding=PADDING)


def _written(path: Path, text: str) -> Path:
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise ConfigError([f"{path}: is there already, and is left as it is; name another folder"]) from None
    return path
