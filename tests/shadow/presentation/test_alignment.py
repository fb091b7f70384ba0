"""Two texts, two JSON values, two lists of calls: what they share and where they part."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.presentation.alignment import ValueChange, align_texts, differences, json_type, leaves, match_calls, step


def only(pieces) -> list[str]:
    return [piece.text for piece in pieces if piece.only]


def test_words_that_differ_are_marked_and_the_rest_is_common():
    aligned = align_texts("dry with 9 degrees today", "dry with 11 degrees today")
    assert only(aligned.left) == ["9"]
    assert only(aligned.right) == ["11"]


def test_lost_space_is_found():
    aligned = align_texts("Hello world", "Helloworld")
    assert only(aligned.left) == ["Hello world"]
    assert only(aligned.right) == ["Helloworld"]


def test_a_text_without_spaces_is_aligned_by_its_characters():
    assert only(align_texts("今日は晴れです", "今日は雨です").left) == ["晴れ"]


def test_equal_texts_have_nothing_marked():
    aligned = align_texts("the same", "the same")
    assert [piece.only for piece in aligned.left] == [False]


@given(st.text(max_size=200), st.text(max_size=200))
def test_joined_pieces_are_the_text(left, right):
    aligned = align_texts(left, right)
    assert "".join(piece.text for piece in aligned.left) == left
    assert "".join(piece.text for piece in aligned.right) == right
    assert align_texts(left, left).left == align_texts(left, left).right


def test_words_beyond_the_cap_are_unmarked_with_a_note():
    aligned = align_texts("a " * 4000 + "left end", "a " * 4000 + "right end")
    assert only(aligned.left) == []
    assert "4,000 words" in aligned.note
    assert "".join(piece.text for piece in aligned.left).endswith("left end")


@pytest.mark.parametrize(
    ("subject", "reference", "path", "change"),
    [
        ({}, {"city": "Quito"}, "city", ValueChange.MISSING),
        ({"city": "Quito"}, {}, "city", ValueChange.EXTRA),
        ({"days": "3"}, {"days": 3}, "days", ValueChange.TYPE),
        ({"days": 4}, {"days": 3}, "days", ValueChange.VALUE),
        ({"on": True}, {"on": 1}, "on", ValueChange.TYPE),
        ({"a": [{"b": 1}]}, {"a": [{"b": 2}]}, "a[0].b", ValueChange.VALUE),
        ({"a": [1]}, {"a": [1, 2]}, "a[1]", ValueChange.MISSING),
        ({"a": [1, 2]}, {"a": [1]}, "a[1]", ValueChange.EXTRA),
        ({"x.y": 1}, {"x.y": 2}, '["x.y"]', ValueChange.VALUE),
        ("text", {"a": 1}, "", ValueChange.TYPE),
        ({"a": {}}, {"a": []}, "a", ValueChange.TYPE),
        ({"a": None}, {"a": 0}, "a", ValueChange.TYPE),
    ],
)
def test_each_way_to_differ_is_named_with_its_path(subject, reference, path, change):
    [difference] = differences(subject, reference)
    assert (difference.path, difference.change) == (path, change)


def test_numbers_of_equal_value_do_not_differ():
    assert differences({"n": 1.0}, {"n": 1}) == ()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=10,
)


@given(json_values, json_values)
def test_a_value_never_differs_from_itself_and_differences_go_both_ways(one, other):
    assert differences(one, one) == ()
    assert len(differences(one, other)) == len(differences(other, one))


def test_depth_and_number_are_bounded():
    deep = json.loads("[" * 500 + "1" + "]" * 500)
    assert differences(deep, deep) == ()
    assert len(leaves(deep)) == 1
    wide = {f"k{number}": number for number in range(1_000)}
    assert len(differences({}, wide)) == 200
    assert len(leaves(wide)) == 200


def test_leaves_are_the_ends_of_a_value_with_their_paths():
    assert leaves({"a": {"b": [1, {}]}, "c": []}) == (("a.b[0]", 1), ("a.b[1]", {}), ("c", []))
    assert leaves("plain") == (("", "plain"),)
    assert leaves({"a": {"b": 1}, "c": 2}, {"a"}) == (("a", {"b": 1}), ("c", 2))


def test_path_with_special_keys_is_quoted():
    assert step("", "a") == "a"
    assert step("a", "b") == "a.b"
    assert step("a", 0) == "a[0]"
    assert step("a", 'b"]') == 'a["b\\"]"]'


def test_calls_are_matched_by_name_in_the_references_order():
    assert match_calls([("train", 1), ("weather", 2), ("weather", 3)], [("weather", 9), ("train", 9)]) == (
        (1, 0),
        (0, 1),
        (2, None),
    )
    assert match_calls([], [("weather", 1)]) == ((None, 0),)


def test_equal_calls_are_matched_before_calls_of_one_name():
    quito, lima = ("weather", {"city": "Quito"}), ("weather", {"city": "Lima"})
    assert match_calls([lima], [quito, lima]) == ((None, 0), (0, 1))
    assert match_calls([lima, quito], [quito, lima]) == ((1, 0), (0, 1))


def test_the_first_four_thousand_words_are_aligned_and_the_rest_stands_unmarked():
    words = "a " * 3_999
    aligned = align_texts(f"{words}left", f"{words}right")
    assert (only(aligned.left), only(aligned.right), aligned.note) == (["left"], ["right"], "")
    beyond = align_texts(f"{words}left end", f"{words}right")
    assert (only(beyond.left), only(beyond.right), beyond.note) == (
        ["left"],
        ["right"],
        "only the first 4,000 words were aligned",
    )
    assert align_texts("right", f"{words}left end").note


def test_a_marked_run_of_spaces_alone_stays_marked():
    assert [(piece.text, piece.only) for piece in align_texts("  ", "").left] == [("  ", True)]


def test_pieces_of_a_side_alternate_and_the_space_after_a_marked_word_is_common():
    aligned = align_texts("one two three", "one 2 three")
    assert [(piece.text, piece.only) for piece in aligned.left] == [
        ("one ", False),
        ("two", True),
        (" ", False),
        ("three", False),
    ]


def nested(levels, end):
    """Objects within objects, so many levels, around one value."""
    for _ in range(levels):
        end = {"a": end}
    return end


@pytest.mark.parametrize(("levels", "parts"), [(31, 32), (32, 33), (33, 33)])
def test_differences_are_followed_thirty_two_levels_down_and_shown_whole_below(levels, parts):
    """In objects and in lists, and so are leaves."""
    one, other = nested(levels, {"x": 1}), nested(levels, {"x": 2})
    (found,) = differences(one, other)
    assert len(found.path.split(".")) == min(parts, 32)
    ((path, _),) = leaves(one)
    assert len(path.split(".")) == min(parts, 32)


@pytest.mark.parametrize(("levels", "value"), [(31, 1), (32, [1]), (33, [[1]])])
def test_lists_are_followed_thirty_two_levels_down(levels, value):
    def within(end):
        for _ in range(levels):
            end = [end]
        return end

    ((path, found),) = leaves(within([1]))
    assert (path, found) == ("[0]" * 32, value)
    (difference,) = differences(within([1]), within([2]))
    assert (difference.path, difference.subject) == ("[0]" * 32, value)


def test_differences_stand_in_the_order_of_the_reference_then_what_is_extra_with_both_values():
    found = differences({"c": 1, "b": [1, 2], "a": 0}, {"a": 1, "b": [1], "d": 2})
    assert [(each.path, each.change.value, each.subject, each.reference) for each in found] == [
        ("a", "value", 0, 1),
        ("b[1]", "extra", 2, None),
        ("d", "missing", None, 2),
        ("c", "extra", 1, None),
    ]
    assert [(each.path, each.reference) for each in differences([1], [1, 2, 3])] == [("[1]", 2), ("[2]", 3)]


def test_a_limit_cuts_differences_and_leaves():
    assert [each.path for each in differences({}, {"a": 1, "b": 2}, limit=1)] == ["a"]
    assert leaves([1, 2, 3], limit=2) == (("[0]", 1), ("[1]", 2))


@pytest.mark.parametrize(
    ("one", "other"),
    [(None, 0), (None, ""), (True, 1), (False, 0), (1, "1"), (1.5, "1.5"), ("", []), ([], {}), ({}, None), ({}, "")],
)
def test_values_of_two_types_differ_in_type_either_way(one, other):
    assert [each.change for each in (*differences(one, other), *differences(other, one))] == [ValueChange.TYPE] * 2


@pytest.mark.parametrize(
    ("key", "path"),
    [("a-b_9", "a-b_9"), ("9a", '["9a"]'), ("", '[""]'), ("a\\", '["a\\\\"]'), ("ä", '["ä"]'), ("a b", '["a b"]')],
)
def test_a_key_of_letters_stands_plain_and_any_other_in_quotes(key, path):
    assert step("", key) == path


def test_a_call_takes_each_partner_once():
    assert match_calls([("a", 1)], [("a", 2), ("a", 1)]) == ((None, 0), (0, 1))
    assert match_calls([("a", 1), ("a", 1)], [("a", 1)]) == ((0, 0), (1, None))
    assert match_calls([("a", 1), ("b", 1)], [("c", 1)]) == ((None, 0), (0, None), (1, None))
    assert match_calls([("a", {"x": 1, "y": 1}), ("a", {"x": 1})], [("a", {"x": 1})]) == ((1, 0), (0, None))


def test_both_values_of_a_difference_in_a_list_stand_on_their_sides():
    [found] = differences({"a": [1, 5]}, {"a": [1, 7]})
    assert (found.path, found.subject, found.reference) == ("a[1]", 5, 7)


@pytest.mark.parametrize(
    ("value", "name"),
    [(None, "null"), (True, "boolean"), (1, "number"), (1.5, "number"), ("", "string"), ([], "array"), ({}, "object")],
)
def test_each_value_has_the_name_of_its_json_type(value, name):
    assert json_type(value) == name


def lists(depth):
    value = [1]
    for _ in range(depth):
        value = [value]
    return value


def test_values_too_deep_to_be_compared_are_not_called_equal():
    [found] = differences(lists(100_000), lists(100_000))
    assert (found.path, found.change) == ("[0]" * 32, ValueChange.VALUE)
