"""A run's folder under a fixed name, both ways."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.studies.worlds.path_alias import PathAlias

ALIAS = PathAlias({"/data": "/srv/runs/7f3a/data", "/data/deep": "/srv/runs/7f3a/other"})


@pytest.mark.parametrize(
    ("shown", "real"),
    [
        ("/data", "/srv/runs/7f3a/data"),
        ("/data/a.txt", "/srv/runs/7f3a/data/a.txt"),
        ("read /data, then /data/b", "read /srv/runs/7f3a/data, then /srv/runs/7f3a/data/b"),
        ("it is in /data.", "it is in /srv/runs/7f3a/data."),
        ("file:///data/x", "file:///srv/runs/7f3a/data/x"),
        ("/data/deep/x", "/srv/runs/7f3a/other/x"),
    ],
)
def test_a_path_is_replaced_both_ways(shown, real):
    assert ALIAS.reveal(shown) == real
    assert ALIAS.conceal(real) == shown
    assert ALIAS.conceal_text(real) == shown


@pytest.mark.parametrize("other", ["/data2", "/data2/x", "/database", "/data-old", "/data.txt", "/x/data", "~/data", "./data"])
def test_another_path_is_untouched(other):
    assert ALIAS.reveal(other) == other


def test_values_are_replaced_inside_objects_and_lists_and_keys_stay():
    arguments = {"/data": ["/data/x", {"path": "/data"}], "n": 3, "yes": True, "none": None}
    assert ALIAS.reveal(arguments) == {
        "/data": ["/srv/runs/7f3a/data/x", {"path": "/srv/runs/7f3a/data"}],
        "n": 3,
        "yes": True,
        "none": None,
    }


@given(st.text(alphabet="/dat2. x", max_size=30))
def test_what_is_revealed_is_concealed_again(text):
    alias = PathAlias({"/data": "/real/place"})
    assert alias.conceal(alias.reveal(text)) == text


def test_without_aliases_nothing_changes():
    assert PathAlias({}).reveal({"path": "/data"}) == {"path": "/data"}
    assert PathAlias({}).conceal_text("/data") == "/data"


def test_a_slash_behind_a_folder_is_no_part_of_its_name():
    alias = PathAlias({"/data/": "/real/place/"})
    assert alias.reveal("/data/x") == "/real/place/x"
    assert alias.conceal("/real/place") == "/data"
