"""evidence_line(): a pair as a line of a dossier, whose conversation is a number there and nowhere an id.

Ids of conversations, tags and fields of requests are the application's own, and no part of what the provider answered.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from shadow.identity.request_shape import TAG
from shadow.privacy.withheld_words import LEFT_OUT, without_quotes
from shadow.report.evident_signals import EvidentSignals
from shadow.sampling.conversations import NAMED_BY
from shadow.terminal.pair_list import ListedPair, pair_document
from shadow.terminal.pair_text import pair_columns, pair_json
from storage.store import Reader

WITHOUT_TEXT = (
    *("id", "started", "started_time", "route", "model", "provider", "reference", "subject_id", "reference_id", "control_id"),
    *("control_reason", "comparable", "evidence", "differing", "matches", "differs", "not_comparable", "not_measured"),
)
"""Members of a pair that quote neither a request nor an answer."""
APPLICATIONS_OWN = frozenset({"conversation", "tag", "request_headers"})
"""Members of an exchange that a dossier does not hold."""
_STRING = r'"(?:[^"\\]|\\.)*(?:"|\Z)'
"""A JSON string, also one that the end of a cut body ends."""
_NAMED = re.compile(rf'("(?:{"|".join(NAMED_BY)})"\s*:\s*)(?:{_STRING}|\{{\s*"id"\s*:\s*{_STRING}\s*(?:\}}|\Z))')


def evidence_line(
    reader: Reader, line: ListedPair, evident: EvidentSignals, clusters: Mapping[str, int], *, with_text: bool
) -> str:
    """The pair as JSON; `clusters` has the number of its conversation by its id."""
    pair = line.summary.pair
    found = pair_columns(reader, pair.id, evident) if with_text else None
    if found is None:
        document = pair_document(line)
        why = without_quotes(pair.comparable, LEFT_OUT) or None
        return json.dumps({name: document[name] for name in WITHOUT_TEXT} | {"why": why, "cluster": clusters.get(pair.id)})
    whole = json.loads(pair_json(found))
    members = {name: value for name, value in whole["pair"].items() if name != "conversation"}
    members["shape"] = _shape(members["shape"])
    answers = [{**answer, "exchange": _exchange(answer["exchange"])} for answer in whole["answers"]]
    return json.dumps({**whole, "pair": {**members, "cluster": clusters.get(pair.id)}, "answers": answers})


def without_conversation(body: str, name: str) -> str:
    """The text of a body without the ids of conversations in it: null for the members for them, and for the string `name`."""
    unnamed = _NAMED.sub(r"\1null", body)
    return re.sub(f'"{"".join(map(_written, name))}"', "null", unnamed) if name else unnamed


def _written(character: str) -> str:
    """A pattern of a character in each form that a JSON string may have it in (RFC 8259, section 7)."""
    units = character.encode("utf-16-be", "surrogatepass").hex()
    escaped = "".join(rf"\\u{units[place : place + 4]}" for place in range(0, len(units), 4))
    forms = [json.dumps(character, ensure_ascii=False)[1:-1], *([r"\/"] if character == "/" else [])]
    return f"(?:{'|'.join(map(re.escape, forms))}|(?i:{escaped}))"


def _shape(shape: Mapping[str, object]) -> dict[str, object]:
    """The shape of the request without its tag, which is a segment where tags are configured."""
    segments = shape.get("segments")
    if not isinstance(segments, Mapping):
        return dict(shape)
    return {**shape, "segments": {name: value for name, value in segments.items() if name != TAG}}


def _exchange(row: Mapping[str, object]) -> dict[str, object]:
    kept = {name: value for name, value in row.items() if name not in APPLICATIONS_OWN}
    conversation = str(row["conversation"])
    for name in ("request_body", "response_body"):
        body = row[name]
        kept[name] = without_conversation(body, conversation) if isinstance(body, str) else None
    return {**kept, "target": str(row["target"]).partition("?")[0]}
