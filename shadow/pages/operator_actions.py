"""`OperatorActions`: acknowledges and mutes alarms from the pages, and stores who did it, when and why."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from shadow.drift.state_transitions import AckAction, Acknowledgement
from shadow.settings.config_errors import ConfigError, meant, quoted
from storage.page_rows import OperatorActionRow

MUTE = "mute"
ACTIONS = (AckAction.FIXED.value, AckAction.ACCEPT.value, MUTE)
HOURS = (1, 8, 24, 168)
"""How long a provider can be muted."""
LONGEST_NAME, LONGEST_REASON = 100, 1_000
"""Characters of who and why."""
HOUR = 3_600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionForm:
    """What an operator filled in; `hours` is 0 for all actions but `mute`."""

    action: str
    model: str
    by: str
    why: str
    hours: int


class ActionLog(Protocol):
    """Stores what operators did."""

    def note_action(self, row: OperatorActionRow) -> None:
        """Store one action; on disk when this returns."""


class OperatorActions:
    """Takes the forms of the pages; `acknowledge` applies an acknowledgement and returns a sentence for each group."""

    def __init__(
        self,
        log: ActionLog,
        acknowledge: Callable[[Acknowledgement], Sequence[str]],
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._log, self._acknowledge, self._now = log, acknowledge, now

    def __repr__(self) -> str:
        return f"<OperatorActions {self._log!r}>"

    def take(self, provider: str, fields: Mapping[str, str]) -> str:
        """Do what the form says and store it; the result as a sentence. ConfigError for a form that is not complete."""
        form = action_form(fields)
        now = self._now()
        until = now + form.hours * HOUR if form.action == MUTE else 0.0
        if form.action == MUTE:
            result = f"no messages for {form.hours} hour{'s' * (form.hours != 1)}"
        else:
            answer = AckAction(form.action)
            result = "; ".join(self._acknowledge(Acknowledgement(answer=answer, provider=provider, model=form.model)))
        self._log.note_action(
            OperatorActionRow(
                at=now,
                action=form.action,
                by=form.by,
                why=form.why,
                provider=provider,
                model=form.model,
                until=until,
                result=result,
            )
        )
        return result


def action_form(fields: Mapping[str, str]) -> ActionForm:
    """The form with every error in it as a sentence (ConfigError)."""
    action, by, why = (fields.get(name, "").strip() for name in ("action", "by", "why"))
    errors = [] if action in ACTIONS else [f"action: no such word: {quoted(action)}{meant(action, ACTIONS)}"]
    errors += _missing("who", by, LONGEST_NAME) + _missing("why", why, LONGEST_REASON)
    hours = fields.get("hours", "")
    if action == MUTE and hours not in map(str, HOURS):
        errors.append(f"hours: no such time: {quoted(hours)}  (known: {', '.join(map(str, HOURS))})")
    if errors:
        raise ConfigError(errors)
    return ActionForm(action=action, model=fields.get("model", ""), by=by, why=why, hours=int(hours) if action == MUTE else 0)


def _missing(name: str, text: str, most: int) -> list[str]:
    if not text:
        return [f"{name} is empty: it is stored with the action"]
    return [f"{name} has {len(text):,} characters, at most {most:,} are stored"] if len(text) > most else []
