"""tournament_markdown(): a tournament as Markdown for a ticket; what a provider or a client named cannot become markup."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from shadow.choice.candidate_claims import ChoiceVerdict
from shadow.presentation.safe_text import markdown
from shadow.tournament.claim_sentences import LEVEL, limit_sentence, live_sentence
from shadow.tournament.segment_figures import STATEMENT, has_segments, segment_sentence, tag_rows
from shadow.tournament.tournament_figures import TournamentFigures
from shadow.tournament.tournament_text import COLUMNS, TAG_COLUMNS, cells, head, planned, tag_cells


def tournament_markdown(found: TournamentFigures) -> str:
    """The claims, the rank and the figures, in GitHub's dialect."""
    return "\n".join(_lines(found)) + "\n"


def _lines(found: TournamentFigures) -> Iterator[str]:
    yield f"## sameweights choose: {markdown(found.route)}"
    yield ""
    yield markdown(" ".join(filter(None, (head(found), planned(found)))))
    yield ""
    for each in found.candidates:
        yield f"- {markdown(' '.join(filter(None, (each.sentence, segment_sentence(each)))))}"
    yield ""
    yield markdown(found.rank)
    if any(each.verdict is ChoiceVerdict.SAME for each in found.candidates):
        yield ""
        yield LEVEL
    if has_segments(found.candidates):
        yield ""
        yield STATEMENT
    for note in found.notes:
        yield ""
        yield markdown(note)
    yield ""
    yield from _table(COLUMNS, map(cells, found.candidates))
    if rows := [tag_cells(*row) for row in tag_rows(found.candidates)]:
        yield ""
        yield from _table(TAG_COLUMNS, rows)
    beside = [*map(live_sentence, found.live), *(limit_sentence(each.label, each.limits) for each in found.candidates)]
    for words in filter(None, beside):
        yield ""
        yield markdown(words)


def _table(columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(columns)} |"
    yield f"|---{'|---:' * (len(columns) - 1)}|"
    yield from (f"| {' | '.join(map(markdown, row))} |" for row in rows)
