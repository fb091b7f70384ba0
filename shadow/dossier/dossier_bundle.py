"""write_dossier() and read_dossier(): the evidence about one provider as a folder of files with a chain of digests."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

from pydantic import TypeAdapter, ValidationError

from shadow.commands.written_file import make_folder, write_bytes
from shadow.dossier.digest_chain import CHAIN, broken_link, chain_lines
from shadow.dossier.dossier_records import CountedPair, DossierRecords, OtherSums, dossier_records, whole_period, without_words
from shadow.dossier.dossier_text import dossier_text
from shadow.dossier.evidence_lines import evidence_line, without_conversation
from shadow.dossier.telling_pairs import telling_pairs
from shadow.privacy.privacy_policy import row_of
from shadow.report.build_report import as_json, verdicts_of
from shadow.report.evident_signals import EvidentSignals
from shadow.report.figures import Report
from shadow.report.period_records import PeriodRecords, read_records
from shadow.report.provider_report import of_provider
from shadow.report.row_sampling import row_sampling
from shadow.sampling.conversations import NAMED_BY
from shadow.settings.config_errors import ConfigError
from shadow.terminal.pair_list import ListedPair
from shadow.verdict.phrases import rfc3339
from storage.rows import ExchangeRow
from storage.store import Reader

SCHEMA = "sameweights.dossier/1"
README, VERDICT, RECORDS, PAIRS = "README.md", "verdict.json", "records.json", "pairs.jsonl"
EVIDENCE, REQUESTS = "evidence.jsonl", "requests.jsonl"
FILES = (README, VERDICT, RECORDS, PAIRS, EVIDENCE, REQUESTS)
SAMPLE = 200
"""Requests of the replayable set at most: the newest pairs beside the most telling ones, which alone would be a biased choice."""
_CHAT = "/chat/completions"
_PERIOD, _OTHERS = TypeAdapter(PeriodRecords), TypeAdapter(tuple[OtherSums, ...])
_PAIR = TypeAdapter(CountedPair)


class WrittenDossier(NamedTuple):
    """A dossier that was written: the last link of its chain, how many pairs, and how many requests can be sent again."""

    link: str
    pairs: int
    requests: int


def write_dossier(
    reader: Reader, provider: str, period: tuple[float, float], folder: Path, *, version: str, with_text: bool
) -> WrittenDossier:
    """Write the files into `folder`, which is created; ConfigError for an unknown provider or a folder that has such files."""
    whole = read_records(reader, *period)
    of_provider(verdicts_of(whole), provider)
    rows = row_sampling(reader, *period, provider)
    found = dossier_records(provider, whole, reader.judgements.counted_pairs(provider, *period), rows)
    records = found if with_text else without_words(found)
    report = of_provider(verdicts_of(whole_period(records)), provider)
    signals = tuple(reason.subject for card in report.cards for reason in card.verdict.reasons)
    evident = EvidentSignals(report.cards)
    telling = telling_pairs(reader, provider, signals, *period, evident=evident)
    requests = list(_requests(reader, telling, records)) if with_text else []
    clusters = {pair.id: pair.cluster for pair in records.pairs}
    text = dossier_text(provider, report, version=version, telling=len(telling), requests=len(requests), with_text=with_text)
    contents = (
        text,
        as_json(report) + "\n",
        _records_json(records),
        _lines(_pair_line(pair) for pair in records.pairs),
        _lines(evidence_line(reader, line, evident, clusters, with_text=with_text) for line in telling),
        _lines(requests),
    )
    files = {name: content.encode("utf-8", "backslashreplace") for name, content in zip(FILES, contents, strict=True)}
    lines = list(chain_lines(files))
    _write(folder, {**files, CHAIN: ("\n".join(lines) + "\n").encode()})
    return WrittenDossier(link=lines[-1].split(" ")[0], pairs=len(records.pairs), requests=len(requests))


def read_dossier(folder: Path) -> Report:
    """The report computed from the files of a dossier; ConfigError where a file is missing, changed, or not of this version."""
    try:
        files = {name: (folder / name).read_bytes() for name in FILES}
        lines = (folder / CHAIN).read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise ConfigError([f"--from {folder}: no whole dossier: {Path(error.filename).name}: {error.strerror}"]) from None
    except UnicodeDecodeError:
        raise ConfigError([f"--from {folder}: no whole dossier: {CHAIN} is not UTF-8"]) from None
    if broken := broken_link(lines, files):
        raise ConfigError([f"--from {folder}: {broken} is not what {CHAIN} states: it was changed after the dossier was made"])
    try:
        records = _records(json.loads(files[RECORDS]), files[PAIRS])
    except (ValueError, KeyError, TypeError, RecursionError, ValidationError):
        raise ConfigError([f"--from {folder}: {RECORDS} or {PAIRS} is not of the form {SCHEMA}"]) from None
    return of_provider(verdicts_of(whole_period(records)), records.provider)


def _records(document: dict[str, object], pairs: bytes) -> DossierRecords:
    if document["schema"] != SCHEMA:
        raise ValueError(SCHEMA)
    return DossierRecords(
        provider=str(document["provider"]),
        period=_PERIOD.validate_python(document["period"]),
        pairs=tuple(_PAIR.validate_json(line) for line in pairs.splitlines()),
        others=_OTHERS.validate_python(document["others"]),
    )


def _records_json(records: DossierRecords) -> str:
    members = {
        "schema": SCHEMA,
        "provider": records.provider,
        "period": asdict(records.period),
        "others": [asdict(one) for one in records.others],
    }
    return json.dumps(members, indent=1, allow_nan=False) + "\n"


def _pair_line(pair: CountedPair) -> str:
    return json.dumps({**asdict(pair), "started_time": rfc3339(pair.started)})


def _requests(reader: Reader, telling: Sequence[ListedPair], records: DossierRecords) -> Iterator[str]:
    """The chat bodies of the most telling pairs and of the newest ones, each once."""
    newest = [pair.id for pair in reversed(records.pairs)][:SAMPLE]
    for name in dict.fromkeys([*(line.summary.pair.id for line in telling), *newest]):
        pair = reader.pair(name)
        row = row_of(reader, pair.subject_id) if pair else None
        if row is None or row.request_body is None or not row.target.partition("?")[0].endswith(_CHAT):
            continue
        body = _object(row)
        if body:
            yield json.dumps(body)


def _object(row: ExchangeRow) -> dict[str, object]:
    """The body as a JSON object, without what names a conversation; empty where it is cut or pseudonymised."""
    try:
        found = json.loads(without_conversation((row.request_body or b"").decode(), row.conversation))
    except ValueError:
        return {}
    if not isinstance(found, dict) or not isinstance(found.get("messages"), list):
        return {}
    return {name: value for name, value in found.items() if name not in NAMED_BY}


def _lines(lines: Iterator[str] | list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _write(folder: Path, files: dict[str, bytes]) -> None:
    make_folder(folder)
    there = [name for name in files if (folder / name).exists()]
    if there:
        raise ConfigError([f"{folder}: has {', '.join(there)} already; name another folder with --out"])
    for name, content in files.items():
        write_bytes(folder / name, content)
