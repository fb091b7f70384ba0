"""The chain of digests."""

import hashlib

import pytest

from shadow.dossier.digest_chain import BEGIN, broken_link, chain_lines

FILES = {"a": b"first", "b": b"second", "c": b""}


def test_each_link_covers_its_file_and_the_link_before():
    first, *_ = lines = list(chain_lines(FILES))
    digest = hashlib.sha256(b"first").hexdigest()
    assert first == f"{hashlib.sha256(f'{BEGIN}{digest}a'.encode()).hexdigest()} {digest} 5 a"
    assert broken_link(lines, FILES) == ""


@pytest.mark.parametrize(
    ("files", "broken"),
    [
        ({**FILES, "b": b"Second"}, "b"),
        ({name: FILES[name] for name in "ab"}, "c"),
        ({**FILES, "d": b"added"}, "d"),
    ],
)
def test_changed_removed_or_added_file_is_named(files, broken):
    assert broken_link(list(chain_lines(FILES)), files) == broken


def test_line_that_was_written_again_breaks_the_links_after_it():
    lines = list(chain_lines(FILES))
    forged = list(chain_lines({**FILES, "a": b"forged"}))
    assert broken_link([forged[0], *lines[1:]], {**FILES, "a": b"forged"}) == "b"
    assert broken_link(["nonsense"], FILES) == "nonsense"
