"""The flags that several commands of studies share, with their help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

PlanOnly = Annotated[bool, typer.Option("--plan", help="Print what it sends and costs at most, send nothing.")]
Budget = Annotated[
    list[str] | None,
    typer.Option("--budget", metavar="LIMIT=N", help="requests=, tokens=, money= or minutes=; never passed."),
]
Candidates = Annotated[list[str] | None, typer.Option("--provider", metavar="NAME", help="Candidate; all by default.")]
AllowedDrop = Annotated[
    float | None, typer.Option("--allowed-drop", metavar="SHARE", min=0, max=0.99, help="How much worse passes, as 0.1.")
]
PolicyFile = Annotated[
    Path | None, typer.Option("--policy", metavar="FILE", help="TOML file with the rule of the verdict: allowed_drop, alpha, …")
]
Seed = Annotated[int, typer.Option("--seed", metavar="N", help="Order of the requests.")]
AtOnce = Annotated[int, typer.Option("--at-once", metavar="N", min=1, max=64, help="Requests in flight to one provider.")]
StudyDb = Annotated[str | None, typer.Option("--db", metavar="PATH", help="Database, instead of study-NAME.db.")]
Fresh = Annotated[bool, typer.Option("--fresh", help="Set an earlier database aside, and begin again.")]
OutputFolder = Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder of the files; else the current one.")]
Formats = Annotated[str, typer.Option("--format", metavar="FORMATS", help="text, json, md, html, junit, k2vv; with commas.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress.")]
Members = Annotated[list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Member put into every request.")]
ConfigFile = Annotated[Path | None, typer.Option("--config", metavar="PATH", help="The TOML file; else that of this folder.")]
