"""Finds letters of a script that was not used before: a Thai word within an English answer is a sampler's fault, not a style.

A script is foreign where neither the request nor anything that it mentions leads to it. Names and quotations use other scripts,
so text in quotation marks, brackets or code, or on a line of its own, is skipped; so is a request about languages or countries of
that script, and Latin and Greek letters (names, code, mathematics) always are.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from itertools import islice

from shadow.checks.prompts.prompt_text import answer_cap, prompt_text
from shadow.findings.finding import Finding, Signal
from shadow.findings.finding_builders import match_or_differ, not_measured, short
from shadow.reading.completion import Completion
from shadow.reading.parsed_request import ParsedRequest

_FOREIGN_SCRIPT = Signal.FOREIGN_SCRIPT
READ = 100_000
"""Characters of an answer that are read."""

RUNS = 300
"""Stretches of one script that are examined; an answer with more is written in that script."""

SCRIPTS = {
    "Cyrillic": "\u0400-\u052f",
    "Armenian": "\u0531-\u0588",
    "Hebrew": "\u05d0-\u05f2",
    "Arabic": "\u0620-\u06ff\u0750-\u077f",
    "Devanagari": "\u0900-\u0963\u0966-\u097f",
    "Bengali": "\u0980-\u09ff",
    "Gurmukhi": "\u0a00-\u0a7f",
    "Gujarati": "\u0a80-\u0aff",
    "Tamil": "\u0b80-\u0bff",
    "Telugu": "\u0c00-\u0c7f",
    "Kannada": "\u0c80-\u0cff",
    "Malayalam": "\u0d00-\u0d7f",
    "Sinhala": "\u0d80-\u0dff",
    "Thai": "\u0e01-\u0e3a\u0e40-\u0e5b",
    "Lao": "\u0e80-\u0eff",
    "Tibetan": "\u0f00-\u0fff",
    "Burmese": "\u1000-\u109f",
    "Georgian": "\u10a0-\u10ff",
    "Hangul": "\uac00-\ud7a3\u1100-\u11ff",
    "Ethiopic": "\u1200-\u137f",
    "Khmer": "\u1780-\u17ff",
    "Kana": "\u3041-\u3096\u30a1-\u30fa\u31f0-\u31ff",
    "Han": "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff",
}
"""Each script's letters as a character class."""
LEADS = {
    "Cyrillic": "russia ukrain bulgar serb belarus kazakh mongol macedon soviet moscow slav russisch 俄 ロシア روس",
    "Hebrew": "hebr israel jewish yiddish torah bibl",
    "Arabic": "persia farsi iran urdu pakistan islam quran koran muslim egypt morocc 阿拉伯 アラビア",
    "Devanagari": "hindi india sanskrit nepal marathi yoga indisch 印度",
    "Hangul": "korea seoul k-pop kimchi 韩 韓国",
    "Thai": "bangkok 泰国 タイ",
    "Kana": "japan kanji tokyo kyoto anime manga haiku jlpt 日本 日语",
    "Han": "china chine mandarin cantonese kanji hanzi japan taiwan hong\u00a0kong korea beijing tokyo kyoto haiku 中文 漢 汉",
}
"""Stems of a request that lead to a script, besides the script's own name."""
_ABOUT = (
    *("translat", "language", "unicode", "alphabet", "multilingual", "polyglot", "etymolog", "localis", "localiz", "i18n"),
    *("greeting", "übersetz", "sprache", "schrift", "traduc", "traduir", "idioma", "langue"),
    *("翻译", "语言", "翻訳", "言語", "ترجم", "لغة"),
)
"""Stems of a request that lead to any script."""
_KIN = {"Han": ("Kana", "Hangul"), "Kana": ("Han",), "Hangul": ("Han",)}
"""Scripts that are written together."""
_CLASSES = {name: re.compile(f"[{letters}]") for name, letters in SCRIPTS.items()}
_ANY = re.compile(f"[{''.join(SCRIPTS.values())}]")
_RUNS = {name: re.compile(f"[{letters}](?:[{letters}\\s\u0300-\u036f・ー]*[{letters}])?") for name, letters in SCRIPTS.items()}
_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`", re.DOTALL)
_PAIRS = (
    "()",
    "[]",
    "{}",
    "\u201c\u201d",
    "\u201e\u201c",
    "\u00ab\u00bb",
    "\u2039\u203a",
    "\u2018\u2019",
    "\u300c\u300d",
    "\u300e\u300f",
    "\u300a\u300b",
    "\uff08\uff09",
)
"""What opens and closes a quotation or an aside."""
_CLOSED = re.compile(
    "\u201e[^\u201c\u201d\u201e]*[\u201c\u201d]|"
    + "|".join(f"{re.escape(pair[0])}[^{re.escape(pair)}]*{re.escape(pair[1])}" for pair in _PAIRS)
)
"""A quotation that is over and holds no other of its kind; German ones end with the mark that begins an English one."""
_OPEN = "\"'*_/:|=" + "".join(pair[0] for pair in _PAIRS)
_CLOSE = "\"'*_/,;.|" + "".join(pair[1] for pair in _PAIRS)
_QUOTED = 240
"""Characters within which a quotation must end."""


def foreign_script(request: ParsedRequest, completion: Completion) -> Finding:
    """Every letter is of a script that the request holds or mentions, or is quoted."""
    text = (completion.first.text or "")[:READ]
    if not text or text.isspace():
        return not_measured(_FOREIGN_SCRIPT, "the answer has no text")
    suspects = _scripts(text)
    if not suspects:
        return match_or_differ(_FOREIGN_SCRIPT, True, "", "", "")
    bare, prompt = _CODE.sub("", text), prompt_text(request)
    known, prompt = _scripts(prompt), prompt.casefold()
    for name in suspects:
        if not _led_to(name, known, prompt) and (found := _bare(name, bare)):
            where = f"at character {text.find(found)}{answer_cap(completion.first.text or '', READ)}"
            reason = f"{name} letters stand {where} and nowhere in the request: {short(repr(found), 60)}"
            return match_or_differ(_FOREIGN_SCRIPT, False, f"{name}: {short(found, 60)}", "", reason)
    return match_or_differ(_FOREIGN_SCRIPT, True, "", "", "")


def _scripts(text: str) -> list[str]:
    """The scripts of a text; its letters are looked at once each, where one of them is of any."""
    letters = "" if text.isascii() or not _ANY.search(text) else "".join(set(text))
    return [name for name, letter in _CLASSES.items() if letter.search(letters)] if letters else []


def _led_to(name: str, known: Collection[str], prompt: str) -> bool:
    if name in known or any(kin in known for kin in _KIN.get(name, ())):
        return True
    stems = (name.casefold(), *LEADS.get(name, "").split(" "), *_ABOUT)
    return any(stem.replace("\u00a0", " ") in prompt for stem in stems if stem)


def _bare(name: str, text: str) -> str:
    """The first run of this script that no quotation, bracket or line of its own sets apart from the prose around it."""
    for run in islice(_RUNS[name].finditer(text), RUNS):
        before, after = text[max(run.start() - 2, 0) : run.start()], text[run.end() : run.end() + 1]
        opened = before.strip(" ")[-1:]
        alone = opened in {"", "\n"} and after in {"", "\n"}
        if not alone and not (opened in _OPEN and opened and after in _CLOSE and after) and not _quoted(text, run.start()):
            return run[0]
    return ""


def _quoted(text: str, at: int) -> bool:
    """Whether a quotation or a bracket that began shortly before, on the same line, is still open here."""
    start, closed = text[max(at - _QUOTED, 0) : at].rpartition("\n")[2], 1
    while closed:  # because what stands in another quotation is over before that is
        start, closed = _CLOSED.subn("", start)
    return start.count('"') % 2 == 1 or any(pair[0] in start for pair in _PAIRS)
