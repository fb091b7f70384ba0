"""How moments, points and text are shown."""

import pytest

from shadow.pages.page_environment import environment, points, when


def test_moment_is_shown_in_utc_and_holds_what_a_script_needs_for_local_time():
    assert when(1_790_000_000.0) == (
        '<time datetime="2026-09-21T14:13:20+00:00" title="2026-09-21 14:13:20 UTC" data-form="minute">21 Sep 14:13 UTC</time>'
    )
    assert ">21 Sep 14:13:20 UTC<" in when(1_790_000_000.0, "second")


@pytest.mark.parametrize(
    ("share", "text"), [(None, "\u2013"), (0.312, "+31"), (-0.05, "\u22125"), (0.004, "0"), (-0.004, "0"), (1.0, "+100")]
)
def test_points_have_their_sign_and_nothing_is_zero(share, text):
    assert points(share) == text


@pytest.mark.parametrize("text", ["<b>", "a & b", "'\""])
def test_text_is_escaped(text):
    shown = environment().from_string("{{ text }}").render(text=text)
    assert not set(shown) & set("<>'\"")


def test_invisible_characters_are_shown_by_name():
    made = environment()
    assert made.from_string("{{ text }}").render(text="a\u202eb") == "a[U+202E]b"
    assert made.from_string("{{ text|visible }}").render(text="a\u202e<b") == 'a<span class="odd">U+202E</span>&lt;b'


def test_segment_of_an_address_holds_no_slash():
    assert environment().from_string("{{ text|segment }}").render(text="a/b?c=#d") == "a%2Fb%3Fc%3D%23d"
