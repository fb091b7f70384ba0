"""stored_evidence(): the evidence of a replay read again from its database, without its files and without a request."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from proxy.exchange import Role
from shadow.drift.payoff import counted
from shadow.privacy.privacy_policy import comparable
from shadow.reading.parsed_exchange import ParsedExchange, parse_exchange
from shadow.studies.own_checks.row_checks import RowChecks
from shadow.studies.replay.measured_rows import RowPlace
from shadow.studies.replay.replay_evidence import CONTROL, REFERENCE, BlockAnswer, ReplayEvidence, answer_name
from shadow.studies.study_policy import StudyPolicy
from shadow.studies.targets import Targets
from storage.store import Reader
from storage.study_rows import ASKED, StudyRequestRow

Positions = Mapping[str, int]


def stored_evidence(reader: Reader, study_id: str, targets: Targets, policy: StudyPolicy, checks: RowChecks) -> ReplayEvidence:
    """The evidence of the answers that are stored, in the order of their blocks, those that hold none included."""
    requests = reader.studies.requests(study_id)
    positions = {request.key: place for place, request in enumerate(requests)}
    evidence = ReplayEvidence(targets, policy, checks)
    blocks = _blocks(requests)
    for block in range(max(blocks, default=-1) + 1):
        evidence.take(block, _answers(reader, blocks.get(block, ()), positions))
    return evidence


def _blocks(requests: Sequence[StudyRequestRow]) -> Mapping[int, Sequence[StudyRequestRow]]:
    by_block: dict[int, list[StudyRequestRow]] = defaultdict(list)
    for request in requests:
        by_block[request.block].append(request)
    return by_block


def _answers(reader: Reader, requests: Sequence[StudyRequestRow], positions: Positions) -> dict[str, BlockAnswer]:
    found: dict[str, tuple[StudyRequestRow, ParsedExchange]] = {}
    for request in requests:
        row = reader.exchange(request.exchange_id) if request.state != ASKED else None
        if row is not None:
            parsed = parse_exchange(comparable(row))
            found[answer_name(request.target, Role(row.role))] = request, parsed
    return {
        name: BlockAnswer(
            parsed=parsed,
            place=RowPlace(block=request.block, task=request.row_id, position=positions[request.key], tries=request.tries),
            key=request.key,
            payoffs=_payoffs(name, parsed, found),
        )
        for name, (request, parsed) in found.items()
    }


def _payoffs(
    name: str, parsed: ParsedExchange, found: Mapping[str, tuple[StudyRequestRow, ParsedExchange]]
) -> tuple[tuple[str, int], ...]:
    if name in {REFERENCE, CONTROL} or REFERENCE not in found or CONTROL not in found:
        return ()
    reference, control = found[REFERENCE][1].answer, found[CONTROL][1].answer
    return counted(parsed.request, parsed.answer, reference, control)[0]
