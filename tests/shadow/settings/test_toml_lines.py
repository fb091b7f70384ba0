"""On which line each key of a TOML text stands."""

import tomllib

from hypothesis import given
from hypothesis import strategies as st

from shadow.settings.toml_lines import key_lines, nearest_line

TEXT = '''# a comment with [brackets] = and "quotes
[proxy]
listen = "a # not a comment"   # a comment
"quoted key" = """
[not.a.table]
x = 1
"""
inline = { base = "x", deep = { er = [1,
  2] } }

[[proxy.routes]]
name = 'a'
[[proxy.routes]]
name = 'b'
model.pattern = 0.5

[proxy.providers.moon-shot]
base_url = "https://x/v1"
many = [
  { one = 1 },
  { two = 2 },
]
'''


def test_every_way_of_writing_a_key_is_found_on_its_line():
    found = key_lines(TEXT)
    assert found["proxy", "listen"] == 3
    assert found["proxy", "quoted key"] == 4
    assert found["proxy", "inline", "deep", "er", 1] == 9
    assert found["proxy", "routes", 0, "name"] == 12
    assert found["proxy", "routes", 1, "name"] == 14
    assert found["proxy", "routes", 1, "model", "pattern"] == 15
    assert found["proxy", "providers", "moon-shot", "base_url"] == 18
    assert found["proxy", "providers", "moon-shot", "many", 1, "two"] == 21


def test_what_stands_in_a_string_is_no_key():
    assert not any("not" in path or "x" in path for path in key_lines(TEXT))


def test_a_missing_key_belongs_to_the_nearest_table_around_it():
    found = key_lines(TEXT)
    assert nearest_line(found, ("proxy", "routes", 1, "provider")) == 13
    assert nearest_line(found, ("storage", "url")) is None


@given(st.text(alphabet="ab=[]{}\".'#\n, 1", max_size=60))
def test_whatever_tomllib_reads_is_scanned_to_the_end(text):
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        key_lines(text)  # and what it does not read raises nothing here either
        return
    found = key_lines(text)
    assert all((key,) in found for key in tables if key.isalnum())


WHOLE = """\
a.b = 1
a.c = "x"
"q.r" = [1, [2,
  3], {s = 4}]
[t]
u = 'v'
w = { x = 1, y = [
  2,
] }
[[t.list]]
[[t.list]]
k = true
[t.list.sub]
z = 2
[t.list.sub.deep]"""


def test_every_key_table_and_entry_has_the_line_on_which_it_is_first_written_and_nothing_else_has_one():
    first, second = ("t", "list", 0), ("t", "list", 1)
    assert key_lines(WHOLE) == {
        ("a",): 1,
        ("a", "b"): 1,
        ("a", "c"): 2,
        ("q.r",): 3,
        ("q.r", 0): 3,
        ("q.r", 1): 3,
        ("q.r", 1, 0): 3,
        ("q.r", 1, 1): 4,
        ("q.r", 2): 4,
        ("q.r", 2, "s"): 4,
        ("t",): 5,
        ("t", "u"): 6,
        ("t", "w"): 7,
        ("t", "w", "x"): 7,
        ("t", "w", "y"): 7,
        ("t", "w", "y", 0): 8,
        ("t", "list"): 10,
        first: 10,
        second: 11,
        (*second, "k"): 12,
        (*second, "sub"): 13,
        (*second, "sub", "z"): 14,
        (*second, "sub", "deep"): 15,
    }


def test_line_of_a_key_that_is_not_written_is_that_of_its_table_and_the_whole_file_has_none():
    lines = {("a",): 3, ("a", "b"): 4, (): 9}
    assert [nearest_line(lines, path) for path in [("a", "b"), ("a", "c"), ("a",), ("x", "y"), ()]] == [4, 3, 3, None, None]


@given(st.text(alphabet="\n=a", max_size=9))
def test_text_without_any_key_is_scanned_to_its_end(text):
    assert all(1 <= line <= text.count("\n") + 1 for line in key_lines(text).values())
