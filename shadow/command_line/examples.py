"""The examples at the end of each command's help, and the topics of `sameweights help`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from shadow.terminal.screen import wrapped

DOCS = "Docs: docs/reference/cli.md"
MOST, CONTINUED = 76, " \\"
"""Characters of an example in a line of help, which is indented; and how one ends that goes on."""

EXAMPLES: Mapping[str, tuple[str, ...]] = {
    "demo": ("sameweights demo", "sameweights demo --seconds 60 --keep"),
    "serve": (
        "sameweights serve --upstream https://api.example.com/v1 --reference https://api.example.org/v1 --reference-key-env KEY",
        "sameweights serve sameweights.toml",
    ),
    "report": (
        "sameweights report",
        "sameweights report spacer --since 7d",
        "sameweights report --html report.html",
        "sameweights report --fail-on-drift --fail-on-unmeasured --junit report.xml",
    ),
    "status": ("sameweights status", "sameweights status --short"),
    "pairs": (
        "sameweights pairs",
        "sameweights pairs --provider spacer --signal arguments --since 1h",
        "sameweights pairs --all --segment tools=yes -n 100 --json",
    ),
    "answers": ("sameweights answers --signal lost_space", "sameweights answers --provider spacer --since 24h"),
    "show": ("sameweights show latest", "sameweights show 75a1 --curl", "sameweights show 75a1 --raw response"),
    "tail": ("sameweights tail", "sameweights tail --all --provider spacer --json"),
    "open": ("sameweights open", "sameweights open latest", "sameweights open --print"),
    "doctor": ("sameweights doctor --plan", "sameweights doctor sameweights.toml", "sameweights doctor --model llama-3.1-8b"),
    "choose": ("sameweights choose", "sameweights choose --route agents --plan", "sameweights choose --md"),
    "export": (
        "sameweights export --dossier spacer --out dossier",
        "sameweights export --jsonl pairs.jsonl --since 24h",
        "sameweights export --csv pairs.csv --provider spacer",
    ),
    "schema": ("sameweights schema report", "sameweights schema pairs"),
    "completion": ('eval "$(sameweights completion bash)"', "sameweights completion fish | source"),
    "help": ("sameweights help exit-codes", "sameweights help times"),
    "try": ("sameweights try --upstream https://api.example.com/v1 --reference https://api.example.org/v1 --plan",),
    "replay": ("sameweights replay rows.jsonl --plan", "sameweights replay --from-store all --provider spacer --runs 2"),
    "probe": ("sameweights probe task.toml --plan", "sameweights probe task.toml --runs 20 --format text,html"),
    "fork": ("sameweights fork 75a1c0de --step 3 --provider spacer",),
    "study list": ("sameweights study list",),
    "study show": ("sameweights study show samples",),
    "study export": ("sameweights study export samples --out results",),
    "study forget": ("sameweights study forget samples",),
    "config check": ("sameweights config check", "sameweights config check --role audit"),
    "config show": ("sameweights config show sameweights.toml",),
    "config schema": ("sameweights config schema",),
    "config init": ("sameweights config init",),
    "mcp": ("sameweights mcp", "sameweights mcp --http 127.0.0.1:8082"),
    "dashboards": ("sameweights dashboards monitoring --pages http://127.0.0.1:8081",),
    "forget": ("sameweights forget --conversation 3f2a", "sameweights forget --before 30d"),
    "plan": ("sameweights plan", "sameweights plan --per-day 10000 --drop 5 --days 3 --price 0.001"),
    "storage copy": ("sameweights storage copy sameweights.db env:DATABASE_URL",),
    "alarms list": ("sameweights alarms list", "sameweights alarms list --all --provider spacer --since 7d --json"),
    "alarms ack": (
        "sameweights alarms ack spacer --fixed --by Ada --why 'rolled back'",
        "sameweights alarms ack 75a1c0de --accept --why 'a new version of the model'",
    ),
}
"""The examples of each command; each is a line that the command line accepts."""

TOPICS: Mapping[str, str] = {
    "exit-codes": """\
0    done
1    an error in sameweights, with a traceback: please report it
2    invalid arguments or configuration: one sentence for each error; `doctor`: something does not work
3    a provider differs or is faulty (report --fail-on-drift, status); a candidate is worse (try, replay, probe)
4    the evidence is not enough (report --fail-on-unmeasured, status; try, replay, probe; alarms ack)
130  ended by Ctrl-C
141  the program that reads the output has gone""",
    "times": """\
30m, 24h, 7d, 2w   that long ago
all                all records
now                this moment
2026-01-31         the beginning of that day, in UTC
2026-01-31T12:00   that moment, in UTC; with an offset (+02:00), in that zone""",
    "environment": """\
SAMEWEIGHTS_CONFIG  the configuration file, if no argument names one
SAMEWEIGHTS_DB      the database, if no --db names one
SAMEWEIGHTS_*       any setting, for example SAMEWEIGHTS_SHADOW__SAMPLE_RATE=0.2
NO_COLOR, COLUMNS   no colours; the width of the output""",
}


def epilog(command: str) -> str:
    """The end of a command's help; the mark keeps its lines as they are. A long example goes on behind a backslash."""
    lines = [line for example in EXAMPLES.get(command, ()) for line in _broken(example)]
    return "\n".join(("\b", "Examples:", *(f"  {line}" for line in lines), DOCS)) if lines else ""


def topic_text(name: str) -> str:
    """One topic in lines of the terminal's width, behind its first column."""
    return "\n".join(wrapped(line, indent=len(line) - len(line.split("  ", 1)[1].lstrip())) for line in TOPICS[name].splitlines())


def _broken(example: str) -> Iterator[str]:
    """A command line in lines of at most `MOST` characters, as a shell takes them, with the options that fit in each."""
    line, *options = example.split(" --") if len(example) > MOST else [example]
    for option in options:
        if len(line) + len(option) > MOST - len(CONTINUED) - len(" --"):
            yield line + CONTINUED
            line = " "
        line += f" --{option}"
    yield line
