"""The command `sameweights dashboards`: its options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from shadow.presentation.visible_text import plain


def dashboards(
    *,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to write to; created if missing.")],
    pages: Annotated[
        str, typer.Option("--pages", metavar="URL", help="Address of the admin port, for links.")
    ] = "http://127.0.0.1:8081",
    grafana: Annotated[
        str, typer.Option("--grafana", metavar="URL", help="Address of Grafana, for links.")
    ] = "http://127.0.0.1:3000",
    job: Annotated[str, typer.Option("--job", metavar="NAME", help="Name of the Prometheus job.")] = "sameweights",
    kubernetes: Annotated[bool, typer.Option("--kubernetes", help="Write manifests for kubectl apply instead.")] = False,
    image: Annotated[str, typer.Option("--image", metavar="IMAGE", help="Image in the manifests.")] = "sameweights:local",
    force: Annotated[bool, typer.Option("--force", help="Overwrite files with other content.")] = False,
) -> None:
    """Write dashboards and alert rules, or Kubernetes manifests."""
    from shadow.commands.dashboards import contents, write

    texts = contents(pages=pages, grafana=grafana, job=job, image=image if kubernetes else "")
    written = write(folder, texts, force=force)
    typer.echo(plain(f"{len(written)} files written to {folder}"))
