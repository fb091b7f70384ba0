"""Renders the live answers that failed a check, sampled or not: they need no reference to be seen as faulty."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from jinja2 import Environment

from shadow.pages.page_address import address, checked, stale
from shadow.report.filters import answer_filter
from shadow.report.known_names import unknown_names
from shadow.report.signal_names import CHECK_IDS
from shadow.settings.top_level_config import Config
from storage.store import Reader

PER_PAGE = 50
NAMES = ("provider", "model")
FILTERS = (*NAMES, "signal", "since", "until")


class AnswersPage:
    """Renders the list; `now` returns seconds since the epoch."""

    def __init__(self, reader: Reader, jinja: Environment, config: Config, *, now: Callable[[], float] = time.time) -> None:
        self._reader, self._jinja, self._now = reader, jinja, now
        self.config = config

    def __repr__(self) -> str:
        return f"<AnswersPage providers={len(self.config.proxy.providers)}>"

    def page(self, query: Mapping[str, str]) -> str:
        """The list, newest first; ConfigError for a parameter, a check, a time or a place that does not exist."""
        words = checked(query, (*FILTERS, "before"))
        before = words.get("before", "")
        if before and self._reader.exchange(before) is None:
            raise stale(before)
        given = {name: words.get(name, "") for name in FILTERS}
        wanted = answer_filter(**given, limit=PER_PAGE + 1, now=self._now(), flag="")
        found = self._reader.faulty_answers(replace(wanted, before_id=before))
        rest = {name: text for name, text in words.items() if name != "before"}
        older = address("/answers", {**rest, "before": found[PER_PAGE - 1].id}) if len(found) > PER_PAGE else ""
        return self._jinja.get_template("answers.html").render(
            answers=found[:PER_PAGE],
            unknown=() if found or before else unknown_names(self._reader, {name: given[name] for name in NAMES}, flag=""),
            words=words,
            wanted=wanted,
            older=older,
            newest=address("/answers", rest) if "before" in words else "",
            providers=tuple(self.config.proxy.providers),
            checks=sorted(CHECK_IDS),
        )
