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


@pytest.mark.parametrize(
    ("left", "right", "two"),
    [
        ("während", "Abc", True),
        ("nur", "Ab", False),
        ("während", "ABc", False),
        ("während", "Innenraum", False),
        ("Während", "Abc", False),
        ("kowalczyk", "Abc", False),
        ("wie", "noch", False),
        ("Qrst", "etwas", True),
        ("Qrs", "etwas", False),
        ("HAfen", "ohne", False),
        ("schon", "wir", True),
        ("schon", "im", False),
        ("sowie", "HAfen", False),
    ],
)
def test_run_beside_a_small_word_or_before_a_capital_is_a_word_by_its_letters(left, right, two):
    assert are_two_in_german(left, right) is two


@pytest.mark.parametrize(
    ("words", "german"),
    [
        (["und"] + ["qrs"] * 4, True),
        (["und"] + ["qrs"] * 5, False),
        (["und"] + ["Qrs"] * 9, True),
        (["qrs"] * 9, False),
        (["Qrs"] * 9, True),
        ([], True),
    ],
)
def test_text_is_german_from_a_fifth_of_its_small_words_on(words, german):
    assert is_german(words) is german
