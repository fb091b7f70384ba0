"""Who answers: is it the model that was asked for, by its own word, and one and the same from the first event to the last?"""

from __future__ import annotations

import re
from functools import lru_cache

from shadow.compare.finding import Aspect, Finding
from shadow.compare.saying import judged, short, unmeasured
from shadow.reading.ask import Ask
from shadow.reading.completion import Completion

CHANGES = (
    "the model's name changed within the stream",
    "the id changed within the stream",
    "the system_fingerprint changed within the stream",
)
_ANY = frozenset({"", "auto", "default", "latest", "model"})
"""Names that ask for no model in particular."""
_DATED = re.compile(r"(?:-(?:\d{3,8}|20\d\d-\d\d-\d\d|latest|preview|beta|exp|stable))+$")
"""What an alias leaves to the server: the date, the snapshot, the stage."""
_DIGITS = re.compile(r"\d+")
_FILE = re.compile(r"\.gguf$")
_JOINTS = re.compile(r"[._\s]+")
_KEPT, _LONGEST = 256, 200
"""Names of models whose parts are kept, and characters of the longest of them: an application asks for the same few."""


def echoed_model(ask: Ask, said: Completion) -> Finding:
    """The answer names the model that was asked for; a router's prefix and the manner of writing are no difference.

    A request without a date leaves the snapshot to the server; two dates must be the same.
    """
    (asked, dated), (named, snapshot) = _parts(ask.model), _parts(said.model)
    if not named:
        return unmeasured(Aspect.ECHOED_MODEL, "the answer names no model")
    if asked in _ANY:
        return unmeasured(Aspect.ECHOED_MODEL, "the request asks for no model in particular")
    if asked == named and (not dated or not snapshot or dated == snapshot):
        return judged(Aspect.ECHOED_MODEL, True, said.model, ask.model, "")
    reason = f"{short(ask.model, 80)!r} was asked for, {short(said.model, 80)!r} answers"
    return judged(Aspect.ECHOED_MODEL, False, said.model, ask.model, reason)


def _parts(name: str) -> tuple[str, str]:
    return _known(name) if len(name) <= _LONGEST else _taken_apart(name)


def _taken_apart(name: str) -> tuple[str, str]:
    """A name without its router, its tier and its manner of writing, and the digits of its date."""
    last = name.strip().casefold().replace("\\", "/").rstrip("/").rpartition("/")[2]
    last = _FILE.sub("", last.partition("@")[0].partition(":free")[0].partition(":nitro")[0].partition(":floor")[0])
    plain = _JOINTS.sub("-", last.replace(":", "-"))
    dated = _DATED.search(plain)
    return (plain[: dated.start()], "".join(_DIGITS.findall(dated[0]))) if dated else (plain, "")


_known = lru_cache(maxsize=_KEPT)(_taken_apart)


def serving_change(_ask: Ask, said: Completion) -> Finding:
    """One answer comes from one server: its id, its model and its fingerprint stay what they are."""
    if not said.stream:
        return unmeasured(Aspect.SERVING_CHANGE, "a whole answer names its server once")
    found = [note for note in said.notes if note in CHANGES]
    return judged(Aspect.SERVING_CHANGE, not found, f"{len(found)} changes", "", "; ".join(found))
