"""One vocabulary: no two public classes and no two modules share a name, and no word of the dialect stands where users read.

The deny-list is the *not* column of the project's vocabulary (docs/reference/glossary.md): each word has a standard term.
"""

import ast
import re
import tokenize
from collections import Counter, defaultdict
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from typer.main import get_command

from shadow.cli import app
from tests.parsed_modules import parsed

ROOT = Path(__file__).resolve().parent.parent
FLOORS = ("proxy", "shadow", "storage")
MODULES = sorted(path for floor in FLOORS for path in (ROOT / floor).rglob("*.py"))
PAGES = sorted([ROOT / "README.md", ROOT / "SECURITY.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")])
GLOSSARY = ROOT / "docs" / "reference" / "glossary.md"

DENIED = {
    "anew": "again, new",
    "aspect": "signal",
    "bears": "has, holds",
    "courier": "fetcher",
    "dimension": "signal",
    "discretion": "privacy policy",
    "door": "client connection",
    "errand": "fetch job",
    "for want of": "without",
    "guilty": "differs, faulty, adverse",
    "held against": "compared with",
    "innocence": "no difference",
    "innocent": "unchanged",
    "leg": "route, exchange, response",
    "lifeline": "parent watchdog",
    "mend": "fix, repair",
    "mended": "fixed, repaired",
    "mending": "recovery",
    "mould": "chunk template",
    "nobody": "no process, no client: name it",
    "oddity": "warning, error",
    "oddities": "warnings, errors",
    "portrait": "serving identity",
    "pulse": "heartbeat, worker statistics",
    "somebody": "name who",
    "squeeze": "compress",
    "stands over": "takes precedence over",
    "tells": "shows, returns, reports",
    "told": "reported, sent, set",
    "trial": "shadow run",
    "untold": "pending",
    "veil": "pseudonymised body",
    "veiled": "pseudonymised",
    "whole house": "all processes",
    "whoever": "name who",
}
"""Each with the term that stands in its place. A plural is denied with its singular."""

ALLOWED: tuple[str, ...] = (
    "`--aspect`",
    "`?aspect=`",
    "`aspect`",
    "`dimension`",
    "comparison, dimension",
    "--aspect",
    "{dimension}",
)
"""Exact phrases in which a denied word means something else: names that older versions used."""

KEYS = frozenset({"aspect", "dimension", "legs"})
"""Strings that are a key as a whole: of a JSON that others read, of an older address or label."""


def denied_words(text: str) -> list[str]:
    """The denied words of a text, with what to write instead; code in backticks counts, addresses and file names do not."""
    if text in KEYS:
        return []
    for phrase in ALLOWED:
        text = text.replace(phrase, "")
    text = re.sub(r"\]\([^)]*\)|https?://\S+|[\w./-]+\.(?:py|md|toml)\b", "", text)
    found = re.findall(rf"\b({'|'.join(DENIED)})(s|es)?\b", text, re.IGNORECASE)
    return [f"{word}{plural}: write {DENIED[word.lower()]!r}" for word, plural in found]


def helps() -> Iterator[tuple[str, str]]:
    """(command, its --help) of every command and group."""
    waiting = [("sameweights", get_command(app), None)]
    while waiting:
        name, command, parent = waiting.pop()
        context = command.make_context(name, [], parent=parent, resilient_parsing=True)
        yield name, command.get_help(context)
        waiting += [(f"{name} {below}", inner, context) for below, inner in getattr(command, "commands", {}).items()]


def messages(tree: ast.Module, *, sql: bool = False) -> Iterator[str]:
    """Every string of a module that can be a message, and every docstring, those of attributes too.

    With `sql` docstrings alone: statements keep the names of columns and tables in databases of older versions.
    """
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and (id(node) in docstrings or not sql):
            yield node.value


def comments(source: str) -> Iterator[str]:
    """Every comment of a module."""
    tokens = tokenize.generate_tokens(StringIO(source).readline)
    return (token.string for token in tokens if token.type == tokenize.COMMENT)


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_no_two_public_classes_share_a_name():
    homes = defaultdict(list)
    for path in MODULES:
        for node in parsed(path).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes[node.name].append(_name(path))
    assert not {name: places for name, places in homes.items() if len(places) > 1}


def test_no_two_modules_share_a_name():
    names = Counter(path.stem for path in MODULES if path.stem not in {"__init__", "__main__"})
    assert not [name for name, times in names.items() if times > 1]


def test_no_denied_word_stands_on_a_page():
    assert {_name(page): found for page in PAGES if (found := denied_words(page.read_text(encoding="utf-8")))} == {}


def test_no_denied_word_stands_in_a_help_text():
    assert {name: found for name, text in helps() if (found := denied_words(text))} == {}


def _can_hold_one(source: str) -> bool:
    """Whether all words of a denied term stand in a source, wherever: only then it is worth reading as Python."""
    words = set(re.findall(r"[a-z]+", source.lower()))
    return any(all({word, f"{word}s", f"{word}es"} & words for word in term.split()) for term in DENIED)


def _denied_in(path: Path) -> list[str]:
    source = path.read_text(encoding="utf-8")
    if not _can_hold_one(source):
        return []
    places = ("sqlite", "postgres", "prepared_records.py", "store_copy.py", "alarm_insertion.py")
    sql = any(path.is_relative_to(ROOT / "storage" / place) for place in places)
    texts = [*messages(parsed(path), sql=sql), *comments(source)]
    return [found for text in texts for found in denied_words(text)]


def test_no_denied_word_stands_in_a_message_a_docstring_or_a_comment():
    assert {_name(path): found for path in MODULES if (found := _denied_in(path))} == {}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The request leaves by this door.", 1),
        ("Doors are counted.", 1),
        ("An oddity, and a portrait.", 2),
        ("An indoor and an outdoor temperature.", 0),
        ("It stands in [a page](docs/door.md) and in proxy/door.py.", 0),
    ],
)
def test_a_planted_word_is_found_and_a_part_of_another_word_is_not(text: str, found: int):
    assert len(denied_words(text)) == found


PLANTED = '''"""Opens a door.

The errand is below."""
class A:
    b = 1
    """A portrait.

    A squeeze."""
# A courier.
raise ValueError(f"no errand of {1}")
'''


def test_planted_words_are_found_in_messages_docstrings_and_comments():
    texts = [*messages(ast.parse(PLANTED)), *comments(PLANTED)]
    found = [found.split(":")[0] for text in texts for found in denied_words(text)]
    assert sorted(found) == ["courier", "door", "errand", "errand", "portrait", "squeeze"]


@pytest.mark.parametrize(
    ("source", "whether"), [("# The whole\n# house.", True), ("Portraits", True), ("the whole leggings", False)]
)
def test_source_that_can_hold_a_denied_word_is_read(source: str, whether: bool):
    assert _can_hold_one(source) == whether


def test_every_help_text_is_read():
    names = {name for name, _ in helps()}
    assert {"sameweights", "sameweights serve", "sameweights config init"} <= names


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", [*PAGES, *sorted((ROOT / "bench" / "results").glob("*.md"))], ids=_name)
def test_every_link_to_another_page_has_its_page_and_its_heading(page: Path):
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]*))?\)", text):
        there = (page.parent / target).resolve() if target else page
        assert there.exists(), target
        assert not anchor or anchor in anchors(there), f"{target}#{anchor}"


TERMS = {
    "drift-state": r"drift states?",
    "noise-floor": r"noise floor",
    "serving-identity": r"serving identit(?:y|ies)",
    "shadow-request": r"shadow requests?",
    "tie-break": r"tie-breaks?",
}
"""Terms that are always meant as the glossary has them, each with its anchor."""

EXPLAINED = sorted(set(PAGES) - {GLOSSARY, ROOT / "SECURITY.md", ROOT / "CHANGELOG.md", ROOT / "docs" / "README.md"})


def plain(text: str) -> str:
    """The prose of a page without headings, code and what is a link already."""
    return re.sub(r"(?ms)^```.*?^```|^#[^\n]*$|^ {4,}\S[^\n]*$|`[^`\n]*`|!?\[[^\]]*\]\([^)]*\)", "", text)


@pytest.mark.parametrize("page", EXPLAINED, ids=_name)
def test_a_page_that_uses_a_term_links_to_its_entry_of_the_glossary(page: Path):
    text = page.read_text(encoding="utf-8")
    used = {anchor for anchor, words in TERMS.items() if re.search(rf"(?i)\b(?:{words})\b", plain(text))}
    assert {
        anchor for anchor in used if f"reference/glossary.md#{anchor}" not in text and f"(glossary.md#{anchor}" not in text
    } == set()
