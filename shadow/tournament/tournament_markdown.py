"""tournament_markdown(): a tournament as Markdown for a ticket; what a provider or a client named cannot become markup."""

from __future__ import annotations

from collections.abc import Iterator

from shadow.choice.candidate_claims import ChoiceVerdict
from shadow.presentation.safe_text import markdown
from shadow.tournament.claim_sentences import LEVEL
from shadow.tournament.tournament_figures import TournamentFigures
from shadow.tournament.tournament_text import COLUMNS, cells, head, planned


def tournament_markdown(found: TournamentFigures) -> str:
    """The claims, the rank and the figures, in GitHub's dialect."""
    return "\n".join(_lines(found)) + "\n"


def _lines(found: TournamentFigures) -> Iterator[str]:
    yield f"## sameweights choose: {markdown(found.route)}"
    yield ""
    yield markdown(" ".join(filter(None, (head(found), planned(found)))))
    yield ""
    yield from (f"- {markdown(each.sentence)}" for each in found.candidates)
    yield ""
    yield markdown(found.rank)
    if any(each.verdict is ChoiceVerdict.SAME for each in found.candidates):
        yield ""
        yield LEVEL
    for note in found.notes:
        yield ""
        yield markdown(note)
    yield ""
    yield f"| {' | '.join(COLUMNS)} |"
    yield f"|---{'|---:' * (len(COLUMNS) - 1)}|"
    yield from (f"| {' | '.join(map(markdown, cells(each)))} |" for each in found.candidates)
