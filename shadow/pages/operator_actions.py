"""`OperatorActions`: acknowledges and mutes alarms from the pages, with who does it and why."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from shadow.drift.state_transitions import AckAction, Acknowledgement, AckOutcome, AckResult
from shadow.findings.number_words import number_of
from shadow.judging.operator_words import LONGEST_NAME, LONGEST_REASON, ActionLog, too_long
from shadow.settings.config_errors import ConfigError, meant, quoted
from storage.page_rows import OperatorActionRow

MUTE, UNMUTE = "mute", "unmute"
ACTIONS = (AckAction.FIXED.value, AckAction.ACCEPT.value, MUTE, UNMUTE)
HOURS = (1, 8, 24, 168)
"""How long a provider can be muted."""
LONGEST_MODEL = 1_000
"""Characters of the name of a model."""
HOUR = 3_600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionForm:
    """What an operator filled in; `hours` is 0 for all actions but `mute`."""

    action: str
    model: str
    by: str
    why: str
    hours: int


class NotStoredError(Exception):
    """The action was done, but who did it and why could not be stored; the message has the result."""


class OperatorActions:
    """Takes the forms of the pages; `acknowledge` applies an acknowledgement at a moment, notes who gave it and returns a result
    for each group, `providers` returns the names of those that can be muted. `log` stores mutes.
    """

    def __init__(
        self,
        log: ActionLog,
        acknowledge: Callable[[Acknowledgement, float], Sequence[AckResult]],
        *,
        providers: Callable[[], Collection[str]],
        now: Callable[[], float] = time.time,
    ) -> None:
        self._log, self._acknowledge, self._providers, self._now = log, acknowledge, providers, now

    def __repr__(self) -> str:
        return f"<OperatorActions {self._log!r}>"

    def take(self, provider: str, fields: Mapping[str, str]) -> str:
        """Carry out the form's action and store what it changed; the result as a sentence.

        ConfigError for a form that is not complete and StoreError, with nothing done; NotStoredError after it was done.
        """
        form = action_form(fields)
        now = self._now()
        if form.action not in {MUTE, UNMUTE}:
            answer = AckAction(form.action)
            given = Acknowledgement(answer=answer, provider=provider, model=form.model, by=form.by, why=form.why)
            return _sentence(self._acknowledge(given, now))
        self._refuse_unknown(provider)
        row = _row(form, provider, now, _muted(form))
        self._log.note_action(row)
        return row.result

    def _refuse_unknown(self, provider: str) -> None:
        known = tuple(self._providers())
        if provider not in known:
            raise ConfigError([f"no provider is named {quoted(provider)}{meant(provider, known)}"])


def _sentence(results: Sequence[AckResult]) -> str:
    sentence = "; ".join(result.sentence for result in results)
    if any(result.outcome is AckOutcome.NOT_NOTED for result in results):
        raise NotStoredError(sentence)
    return sentence


def _muted(form: ActionForm) -> str:
    return f"no messages for {number_of(form.hours, 'hour')}" if form.action == MUTE else "messages are sent again"


def _row(form: ActionForm, provider: str, now: float, result: str) -> OperatorActionRow:
    return OperatorActionRow(
        at=now,
        action=form.action,
        by=form.by,
        why=form.why,
        provider=provider,
        model=form.model,
        until=now + form.hours * HOUR if form.action == MUTE else 0.0,
        result=result,
    )


def action_form(fields: Mapping[str, str]) -> ActionForm:
    """The form with every error in it as a sentence (ConfigError)."""
    action, by, why = (fields.get(name, "").strip() for name in ("action", "by", "why"))
    model = fields.get("model", "")
    errors = [] if action in ACTIONS else [f"action: no such word: {quoted(action)}{meant(action, ACTIONS)}"]
    errors += _missing("who", by, LONGEST_NAME) + _missing("why", why, LONGEST_REASON) + too_long("model", model, LONGEST_MODEL)
    hours = fields.get("hours", "")
    if action == MUTE and hours not in map(str, HOURS):
        errors.append(f"hours: no such time: {quoted(hours)}  (known: {', '.join(map(str, HOURS))})")
    if errors:
        raise ConfigError(errors)
    return ActionForm(action=action, model=model, by=by, why=why, hours=int(hours) if action == MUTE else 0)


def _missing(name: str, text: str, most: int) -> list[str]:
    return too_long(name, text, most) if text else [f"{name} is empty: it is stored with the action"]
