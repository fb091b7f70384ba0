"""Function names of tools: one to one, accepted by every provider, and independent of the order of the tools."""

import random
import re

from hypothesis import given
from hypothesis import strategies as st

from shadow.studies.worlds.tool_names import LONGEST, function_names

ACCEPTED = re.compile(r"[A-Za-z0-9_-]{1,64}")
# few characters and names, so that names coincide often
NAMES = st.one_of(st.text(alphabet="ab._é", max_size=4), st.text(alphabet="a.", min_size=60, max_size=130), st.text(max_size=6))
KEYS = st.lists(st.tuples(st.sampled_from(["a", "b", "a.b", "a_b", ""]), NAMES), unique=True, max_size=12)


@given(KEYS, st.integers())
def test_names_of_any_tools_are_accepted_one_to_one_and_independent_of_the_order(keys, seed):
    names = function_names(keys)
    mixed = list(keys)
    random.Random(seed).shuffle(mixed)
    assert set(names) == set(keys)
    assert len(set(names.values())) == len(keys)
    assert all(ACCEPTED.fullmatch(name) for name in names.values())
    assert function_names(mixed) == names


def test_a_tool_whose_name_is_its_own_keeps_it():
    assert function_names([("files", "read_file"), ("git", "git_log")]) == {
        ("files", "read_file"): "read_file",
        ("git", "git_log"): "git_log",
    }


def test_both_tools_of_one_name_get_their_servers_names():
    assert set(function_names([("a", "search"), ("b", "search")]).values()) == {"a__search", "b__search"}


def test_names_that_coincide_only_after_their_dots_are_replaced_are_all_changed():
    names = function_names([("a", "get.item"), ("b", "get_item")])
    assert set(names.values()) == {"a__get_item", "b__get_item"}


def test_a_name_with_its_server_that_is_another_tools_own_gets_a_hash():
    names = function_names([("a", "x"), ("b", "x"), ("c", "a__x")])
    assert names["b", "x"] == "b__x"
    assert re.fullmatch(r"a__x_[0-9a-f]{8}", names["a", "x"])
    assert names["c", "a__x"] == "c__a__x"


def test_a_name_of_64_characters_stays_and_one_of_65_gets_a_hash():
    names = function_names([("s", "x" * 64), ("s", "y" * 65)])
    assert names["s", "x" * 64] == "x" * 64
    assert re.fullmatch(r"s__y{52}_[0-9a-f]{8}", names["s", "y" * 65])
    assert len(names["s", "y" * 65]) == LONGEST == 64


def test_a_tool_without_a_name_gets_its_servers():
    assert function_names([("s", "")]) == {("s", ""): "s__"}
