import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.mcp_server.stored_text import recorded_name, stored_text


@pytest.mark.parametrize(("characters", "cut"), [(1_999, False), (2_000, False), (2_001, True)])
def test_a_text_is_cut_beyond_2000_characters_and_names_where_the_rest_is(characters, cut):
    found = stored_text("x" * characters, more="exchange://a/provider")
    assert (len(found.stored), found.characters, found.cut) == (min(characters, 2_000), characters, cut)
    assert found.more == ("exchange://a/provider" if cut else "")


@given(st.text())
def test_no_control_or_reordering_character_of_a_recorded_text_is_passed_on(text):
    found = stored_text(text + "\x1b[2J\u202e\u200b")
    assert not set(found.stored) & {"\x1b", "\u202e", "\u200b", "\x00"}
    assert found.characters == len(text) + 6
    assert found.cut == (len(text) + 6 > 2000)


@pytest.mark.parametrize(("characters", "shown"), [(200, 200), (201, 200)])
def test_recorded_name_is_cut_to_200_characters(characters, shown):
    assert recorded_name("x" * characters) == "x" * shown
