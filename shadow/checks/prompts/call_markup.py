"""Calls written out in a text, in the markup of the common templates: found by the names of the tools that were offered.

A parser that does not support what its model writes leaves a call in the text, with a status of 200. The looks of a text alone
prove nothing: markup, or arguments, must surround the name of an offered tool.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple

BEFORE, AFTER = 2_000, 1_000
"""Characters about a name that are looked at."""
MOST = 300
"""Places of names that are looked at in all, where they are many: in prose hardly any is one."""
_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`", re.DOTALL)
_ONE_FENCE = re.compile(r"\s*```[\w-]*[ \t]*\n((?:(?!```).)*?)\s*(?:```\s*)?", re.DOTALL)
_FUNCTION = re.compile(r"(?:\A|\n)function\Z")
_NEAR = frozenset("\"'>|<=.[({:,*`_\n])\uff5c\u2581")
"""What may stand before the name in a call, blanks aside: in prose that is nearly always a letter."""

OPENING = (
    *("<tool_call>", "<tool_calls>", "<|tool_call|>", "<|tool_call>", "<|tool_calls|>", "<|tool_call_start|>", "<TOOLCALL>"),
    *(
        "<|tool_call_begin|>",
        "<|tool_calls_section_begin|>",
        "<|python_tag|>",
        "<|python_start|>",
        "[TOOL_CALLS]",
        "[TOOL_CALL]",
        "<tool_use>",
    ),
    *("<\uff5ctool\u2581calls\u2581begin\uff5c>", "<\uff5ctool\u2581call\u2581begin\uff5c>", "<\uff5cDSML\uff5cinvoke"),
    *("<function=", "<function_calls>", "<function_call>", "<functioncall>", "<invoke ", "<invoke>", "<start_function_call>"),
    *("<minimax:tool_call>", "<seed:tool_call>", "<longcat_tool_call>", "<|START_ACTION|>", "<|action_start|>", "<|plugin|>"),
    *("<|tools_prefix|>", "<|function_call|>", "<|recipient|>", "functools["),
)
"""What begins a call in the templates of open models, and in older markup of Anthropic's."""
_SYNTAX = """
    function functions name type tool tool_name tool_calls tool_call tool_call_id id index call json python code invoke action
    plugin parameters tool_uses recipient_name default_api api namespace sep DSML
"""
_BETWEEN = rf"(?:\W|(?:{'|'.join(_SYNTAX.split())})\b|(?>[^\W\d]*+\d\w*+))*"
_KEY = r"[\"'](?:name|tool|tool_name|function|function_name|recipient_name|action)[\"']\s*:\s*[\"']"
_GIVEN = r"[\"'](?:arguments|parameters|args|params|input|tool_input|action_input|kwargs)[\"']\s*:\s*+"
_WRAPPED = (
    r"[\"'](?:type|id|index|role)[\"']\s*:\s*[^,{}\[\]]{1,80},\s*"
    r"|[\"'](?:function|tool_calls?|tool_uses|calls|function_call)[\"']\s*:\s*"
)
_SCHEMA = r"\{\s*[\"'](?:type|properties|\$schema)[\"']\s*:\s*(?:[\"']object|\{)"
_LINE = r"(?:\A|\n)[ \t]*"
_FILLED = r"\(\s*(?:\)|\w+\s*=|\{)"


class CallMarkup(NamedTuple):
    """One way to write a call: what stands before the name of its tool, and what after it.

    `code`: it counts within code too. `shown`: what a request holds that shows this form itself, NAME and MARKER put in. `whole`:
    it goes to the end of the text.
    """

    title: str
    before: re.Pattern[str]
    after: re.Pattern[str]
    shown: str
    code: bool
    whole: bool


def _form(title: str, before: str, after: str, shown: str, *, code: bool = False, whole: bool = False) -> CallMarkup:
    return CallMarkup(title, re.compile(rf"(?:{before})\Z"), re.compile(after), shown, code, whole)


MARKUP = "markup of a template"
FORMS = (
    _form(MARKUP, rf"(?P<marker>{'|'.join(map(re.escape, OPENING))}){_BETWEEN}", "", "MARKER"),
    _form(
        "a JSON object",
        rf"{_LINE}(?:[\[{{]\s*(?:{_WRAPPED})*)+{_KEY}",
        rf"[\"']\s*,\s*{_GIVEN}(?!{_SCHEMA})",
        f"{_KEY}|{_GIVEN}",
        code=True,
    ),
    _form("a JSON object", rf"{_LINE}[\[{{\s]*{_GIVEN}[\s\S]*,\s*{_KEY}", r"[\"']\s*\}", f"{_KEY}|{_GIVEN}", code=True),
    _form("tool_code", r"```tool_(?:code|call)s?[ \t]*\n(?:(?!```)[\s\S])*", r"\(", "tool_code", code=True),
    _form("a list of calls", rf"{_LINE}\[(?:[^\n]*\),)?\s*", rf"{_FILLED}(?:[^\n]*\))?\s*[\],]", r"NAME\("),
    _form(
        "a call and nothing else",
        r"\A\s*(?:print\()?(?:default_api\.|tools?\.)?",
        rf"(?={_FILLED})[\s\S]*\)\s*;?\s*\Z",
        r"NAME\(",
        whole=True,
    ),
    _form(
        "Action and Action Input",
        rf"{_LINE}\W{{0,4}}Action\W{{0,4}}:\W{{0,4}}",
        r"\W{0,4}\n\W{0,4}Action Input",
        "Action Input",
        code=True,
    ),
    _form("a channel to functions", r"to=functions\.", "", "to=functions"),
    _form("functions and a name", r"(?<![\w.])functions\.", r":\d+|\s*\{|\(\s*\{", r"functions\.NAME"),
    _form("a name and its arguments", _LINE, r"\{\s*(?:\}|\"[^\"\n]*\"\s*:)|\s*<arg_key>", r"NAME\s*[{<]"),
    _form("a name and its arguments", rf"{_LINE}function", r"\n```json", "```json", code=True),
    _form("a recipient", rf"{_LINE}>>>", r"[ \t]*\n\s*\{", ">>>NAME"),
)


class WrittenCall(NamedTuple):
    """A call in a text: the tool, the way it is written, and the `marker` of a template that it begins with, if any."""

    tool: str
    form: CallMarkup
    marker: str

    def stands_in(self, request: str) -> bool:
        """Whether the request shows this way of writing calls itself."""
        pattern = self.form.shown.replace("NAME", re.escape(self.tool)).replace("MARKER", re.escape(self.marker))
        return re.search(pattern, request) is not None


def written_calls(text: str, tools: Iterable[str]) -> Iterator[WrittenCall]:
    """Calls of the offered `tools` that stand in `text`, one for each name at most."""
    offered = [tool for tool in tools if tool and tool in text]
    if not offered:
        return
    fenced = _ONE_FENCE.fullmatch(text)
    bare = fenced[1] if fenced else _CODE.sub("", text)
    most = max(MOST // len(offered), 3)
    for tool in offered:
        found = next((call for read, code in ((bare, False), (text, True)) for call in _of(tool, read, most, code=code)), None)
        if found:
            yield found


def _of(tool: str, text: str, most: int, *, code: bool) -> Iterator[WrittenCall]:
    for at in islice(_places(tool, text), most):
        yield from _at(tool, text, at, at + len(tool), code=code)


def _places(tool: str, text: str) -> Iterator[int]:
    at = text.find(tool)
    while at >= 0:
        if _alone(text, at, at + len(tool)):
            yield at
        at = text.find(tool, at + len(tool))


def _alone(text: str, at: int, end: int) -> bool:
    """Whether the name is no part of a longer one, and something may stand before it that begins a call."""
    while at > 0 and text[at - 1] in " \t":
        at -= 1
    after = text[end : end + 1]
    begins = at == 0 or text[at - 1] in _NEAR or _FUNCTION.search(text, max(0, at - 9), at)
    return bool(begins) and not (after.isalnum() or after in {"_", "-"})


def _at(tool: str, text: str, at: int, end: int, *, code: bool) -> Iterator[WrittenCall]:
    for form in FORMS:
        before = form.before.search(text, max(0, at - BEFORE), at) if form.code is code else None
        if before and form.after.match(text, end, len(text) if form.whole else end + AFTER):
            yield WrittenCall(tool, form, before.groupdict().get("marker", ""))
