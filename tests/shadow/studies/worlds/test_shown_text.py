"""What is seen of a server's texts: secrets by their names, folders by their aliases, and each alteration once."""

from shadow.studies.worlds.path_alias import PathAlias
from shadow.studies.worlds.secret_mask import SecretMask
from shadow.studies.worlds.shown_text import AS_SENT, ShownText

SHOWN = ShownText(alias=PathAlias({"/data": "/x/run/s/data"}), mask=SecretMask({"TOKEN": "tok-123"}), folder="/x/run/s")


def test_a_text_for_the_model_has_names_for_values_and_aliases_for_folders():
    altered = []
    assert SHOWN.text("/x/run/s/data/a tok-123 tok-123 /x/run/s/b", altered) == "/data/a [TOKEN] [TOKEN] /x/run/s/b"
    assert altered == ["value of TOKEN masked"]


def test_an_object_for_the_model_is_shown_in_all_of_its_texts():
    assert SHOWN.value({"default": ["/x/run/s/data/a", "tok-123", 1]}) == {"default": ["/data/a", "[TOKEN]", 1]}


def test_a_sentence_for_the_user_names_no_folder_of_a_run():
    assert SHOWN.sentence("tok-123 in /x/run/s/data/a, /x/run/s/tmp") == "[TOKEN] in /data/a, {folder}/tmp"


def test_what_has_no_secret_and_no_folder_stays():
    assert (AS_SENT.text("a", []), AS_SENT.sentence("a"), AS_SENT.value({"a": 1})) == ("a", "a", {"a": 1})
