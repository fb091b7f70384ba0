"""Fills a JSON schema with values from a user's text: valid by the schema, and nearly the same on each draw."""

from __future__ import annotations

import re
from collections.abc import Sequence

from shadow.demo.draws import RandomDraws, pick, unit
from shadow.demo.loose_json import Json, Object, items, mapping, number, string, strings

VARIATION = 0.03
"""Probability that one leaf takes another value, at temperature 1."""

_NAME = re.compile(r"(?<![.!?]\s)(?<!^)\b[A-Z][\w-]+(?: [A-Z][\w-]+)*")
_DATE = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_WORD = re.compile(r"[A-Za-z][\w'-]*")
_SMALL = frozenset(
    re.findall(
        r"\w+",
        """a about an and are around as at be by can do does few for from give have how i in is it its lines me my of off on or
        please show some tell that the their then there this to use was we what when which who will with would write you your
        need want find look up get make s""",
    )
)


def names(text: str) -> list[str]:
    """The proper names in a text, in their order, each once."""
    return list(dict.fromkeys(found for found in _NAME.findall(text) if found.lower() not in _SMALL))


def keywords(text: str) -> list[str]:
    """The words of a text that are not stop words, in their order, each once, in lower case."""
    return [word for word in dict.fromkeys(found.lower() for found in _WORD.findall(text)) if word not in _SMALL]


class SchemaFiller:
    """Fills one schema from one text; `subject` is the name that the call is for, "" without one."""

    def __init__(self, *, text: str, key: str, draws: RandomDraws, root: Object, subject: str = "") -> None:
        self.text = text
        self.key = key
        self.draws = draws
        self.root = root
        self.subject = subject

    def value(self, schema: Json, path: str = "") -> Json:
        """A value that this schema allows; unknown or absent schemas get a string."""
        rule = self._resolved(mapping(schema))
        choices = items(rule.get("enum")) or ([rule["const"]] if "const" in rule else [])
        if choices:
            return self._choice(choices, path)
        kind = self._kind(rule)
        if kind == "object" or "properties" in rule:
            return self._object(rule, path)
        if kind == "array":
            return self._array(rule, path)
        return self._leaf(kind, rule, path)

    def _unit(self, *place: object) -> float:
        """A number in 0..1 that this call always has at this place of the schema."""
        return unit(self.key, *place)

    def _resolved(self, rule: Object) -> Object:
        for _ in range(16):
            if reference := string(rule.get("$ref")):
                rule = self._referenced(reference)
                continue
            options = [mapping(o) for word in ("anyOf", "oneOf", "allOf") for o in items(rule.get(word))]
            wanted = [option for option in options if option.get("type") != "null"]
            if not wanted:
                break
            rule = wanted[0]
        return rule

    def _referenced(self, reference: str) -> Object:
        place: Json = self.root
        for step in reference.removeprefix("#").strip("/").split("/"):
            place = mapping(place).get(step)
        return mapping(place)

    @staticmethod
    def _kind(rule: Object) -> str:
        kinds = strings(rule.get("type")) or ["string"]
        return next((kind for kind in kinds if kind != "null"), "null")

    def _choice(self, choices: Sequence[Json], path: str) -> Json:
        lowered = self.text.lower()
        named = [choice for choice in choices if isinstance(choice, str) and choice.lower() in lowered]
        first = named[0] if named else pick(choices, self.key, path)
        return self.draws.vary([first, *[choice for choice in choices if choice != first]], VARIATION)

    def _object(self, rule: Object, path: str) -> Json:
        required = strings(rule.get("required"))
        return {
            name: self.value(schema, f"{path}.{name}")
            for name, schema in mapping(rule.get("properties")).items()
            if name in required or self._unit(path, name) < 0.6
        }

    def _array(self, rule: Object, path: str) -> Json:
        least = int(number(rule.get("minItems"), 1))
        most = int(number(rule.get("maxItems"), max(least, 2)))
        count = least if self._unit(path, "count") < 0.5 else max(least, min(most, 2))
        return [self.value(rule.get("items"), f"{path}[{position}]") for position in range(count)]

    def _leaf(self, kind: str, rule: Object, path: str) -> Json:
        if kind == "boolean":
            return self.draws.vary([self._unit(path) < 0.5, self._unit(path) >= 0.5], VARIATION)
        if kind == "null":
            return None
        if kind in {"integer", "number"}:
            return self._number(kind, rule, path)
        return self._string(rule, path)

    def _number(self, kind: str, rule: Object, path: str) -> Json:
        low = number(rule.get("minimum"), 1)
        high = number(rule.get("maximum"), max(low, 1) * 50)
        numbers = [float(found) for found in _NUMBER.findall(_DATE.sub("", self.text))]
        fitting = [value for value in numbers if low <= value <= high]
        value = fitting[0] if fitting else low + self._unit(path) * (high - low)
        value = self.draws.vary([value, min(high, value + 1)], VARIATION)
        return round(value) if kind == "integer" else round(value, 2)

    def _string(self, rule: Object, path: str) -> str:
        name = path.rpartition(".")[2].lower()
        if rule.get("format") == "date" or "date" in name or "day" in name:
            return self._date(path)
        if any(word in name for word in ("city", "place", "location", "name", "start", "end", "person", "country")):
            return self._name(name)
        words = keywords(self.text)[:6] or ["something"]
        return self.draws.vary([" ".join(words), " ".join(reversed(words)), " ".join(words[:-1] or words)], 2 * VARIATION)

    def _date(self, path: str) -> str:
        dates = _DATE.findall(self.text)
        return dates[0] if dates else f"2026-{1 + int(self._unit(path) * 12):02}-{1 + int(self._unit(path, 2) * 28):02}"

    def _name(self, path: str) -> str:
        known = names(self.text)
        if self.subject:
            return self.subject
        if not known:
            return " ".join(keywords(self.text)[-1:]) or "Oslo"
        return known[min(len(known) - 1, 1 if path.startswith("end") else 0)]
