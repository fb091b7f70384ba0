"""`ErasureChoice`: which exchanges are to be deleted permanently."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureChoice:
    """Which exchanges to delete: of a conversation, with a tag, started before a moment (epoch seconds); all that is given must
    hold. ValueError when nothing is given, which would be all of them.
    """

    conversation: str = ""
    tag: str = ""
    before: float = 0.0

    def __post_init__(self) -> None:
        if not (self.conversation or self.tag or self.before):
            raise ValueError("name a conversation, a tag or a time: without any of them everything would be deleted")
