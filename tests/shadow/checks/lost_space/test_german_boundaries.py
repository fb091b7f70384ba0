import pytest

from shadow.checks.lost_space.german_boundaries import are_two_in_german, is_german


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("und", "nicht"),
        ("Hafen", "nicht"),
        ("fehlenden", "Briefe"),
        ("der", "Regen"),
        ("wird", "verkauft"),
        ("Ernst", "weil"),
        ("Uhren", "und"),
    ],
)
def test_letters_that_no_german_word_has_beside_a_word_are_two_words(left, right):
    assert are_two_in_german(left, right)


ORDINARY = """
    undeutlich derselbe dieselbe nichtig wirklich wurden kannst odermann aberkannt einen eineinhalb einerseits keiner
    fürsorge dasselbe dessen sicher alsbald weiler bevormunden ohnehin immerhin Bund Hund Mund gesund
    Grund unbekannt bekannt werden erschweren Donaudampfschifffahrt Überschussrechnung Straßenbahnfahrplan
    Größenunterschied darunter wieder Bruder Kinder Unterricht
    Gericht Gesicht damit somit vorhaben Guthaben Dasein bewusst melodie LeserInnen GitHub JavaScript trotzdem nachdem außerdem
"""


@pytest.mark.parametrize("word", ORDINARY.split())
def test_ordinary_german_word_is_one_wherever_it_is_cut(word):
    assert not [(word[:at], word[at:]) for at in range(1, len(word)) if are_two_in_german(word[:at], word[at:])]


def test_text_is_german_by_a_fifth_of_common_small_words():
    assert is_german(["Das", "ist", "der", "alte", "Hafen", "und", "nicht", "die", "Brücke"])
    assert not is_german(["The", "old", "harbour", "is", "not", "the", "bridge", "and", "never", "was"])
