"""The flags that several commands of studies share, with their help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

PlanOnly = Annotated[bool, typer.Option("--plan", help="Print what it would send and cost at most; send nothing.")]
Budget = Annotated[
    list[str] | None,
    typer.Option("--budget", metavar="LIMIT=N", help="Limit: requests=, tokens=, money= or minutes=."),
]
Candidates = Annotated[list[str] | None, typer.Option("--provider", metavar="NAME", help="Candidate; default: all providers.")]
AllowedDrop = Annotated[
    float | None,
    typer.Option(
        "--allowed-drop", metavar="SHARE", min=0, max=0.99, help="How much worse a candidate may be and pass, as in 0.1."
    ),
]
PolicyFile = Annotated[
    Path | None, typer.Option("--policy", metavar="FILE", help="TOML file with the verdict's rule: allowed_drop, alpha, …")
]
Seed = Annotated[int, typer.Option("--seed", metavar="N", help="Order of the requests.")]
AtOnce = Annotated[int, typer.Option("--at-once", metavar="N", min=1, max=64, help="Concurrent requests to each provider.")]
StudyDb = Annotated[str | None, typer.Option("--db", metavar="PATH", help="Database, instead of study-NAME.db.")]
Fresh = Annotated[bool, typer.Option("--fresh", help="Rename an earlier database and start over.")]
OutputFolder = Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder to write files to.")]
Formats = Annotated[
    str, typer.Option("--format", metavar="FORMATS", help="text, json, md, html, junit, k2vv; separated by commas.")
]
Quiet = Annotated[bool, typer.Option("--quiet", help="Show no progress.")]
Members = Annotated[list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Member to set in every request.")]
ConfigFile = Annotated[
    Path | None, typer.Option("--config", metavar="PATH", help="Configuration file; default ./sameweights.toml.")
]
