"""A world of recorded answers: the same tools and the same results for every provider, without a server.

Where a call is in no recording, a live world may stand behind it, else the policy for unseen calls decides.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from shadow.studies.worlds.offered_tools import OfferedTools
from shadow.studies.worlds.recording import Match, RecordedAnswers, RecordedCall, Recording, Unseen
from shadow.studies.worlds.world import AnswerSource, ToolAnswer, WorldError


class LeftRecordingError(WorldError):
    """A call that no recording holds, where the task ends a run at the first one."""


class RecordedWorld:
    """The answers of one recording for one run."""

    def __init__(self, recording: Recording, match: Match, unseen: Unseen) -> None:
        self.offered = OfferedTools(
            functions=recording.functions, origins={name: ("recording", name) for name in recording.names}, alterations=()
        )
        self._answers = RecordedAnswers(recording.calls, match)
        self._unseen = unseen

    def __repr__(self) -> str:
        return f"<RecordedWorld {self._answers!r} unseen={self._unseen}>"

    async def call(self, name: str, arguments: Mapping[str, object]) -> ToolAnswer:
        """The recorded answer; for an unseen call what the policy sets, LeftRecordingError where it ends the run."""
        recorded = self._answers.answer(name, arguments)
        if recorded is not None:
            return _answer(recorded, AnswerSource.RECORDED)
        if self._unseen is Unseen.STOP:
            raise LeftRecordingError(f"the recording holds no call of {name!r} with these arguments")
        nearest = self._answers.nearest(name, arguments) if self._unseen is Unseen.NEAREST else None
        if nearest is not None:
            return _answer(nearest, AnswerSource.NEAREST)
        text = "Error: no result is recorded for these arguments"
        return ToolAnswer(text=text, is_error=True, source=AnswerSource.UNSEEN)


def _answer(call: RecordedCall, source: AnswerSource) -> ToolAnswer:
    return ToolAnswer(text=call.text, is_error=call.is_error, source=source)


@asynccontextmanager
async def recorded_world(recording: Recording, match: Match, unseen: Unseen) -> AsyncIterator[RecordedWorld]:
    """A world that starts nothing, and begins its recording at the first call."""
    yield RecordedWorld(recording, match, unseen)
