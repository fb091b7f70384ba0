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
