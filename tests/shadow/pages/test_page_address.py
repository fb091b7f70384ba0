"""Parameters of an address: the known ones, their older names, and a sentence for the rest."""

from urllib.parse import parse_qsl

import pytest
from multidict import MultiDict

from shadow.pages.page_address import address, checked
from shadow.settings.config_errors import ConfigError


def test_known_parameters_are_taken_without_the_empty_ones_and_names_with_their_blanks():
    given = {"model": " m ", "since": "", "until": " 1h ", "tag": "", "show": " "}
    assert checked(given, tuple(given)) == {"model": " m ", "until": "1h"}


@pytest.mark.parametrize("old", ["aspect", "check"])
def test_older_name_of_a_parameter_is_taken(old):
    assert checked({old: "text"}, ("signal",)) == {"signal": "text"}


def test_each_unknown_parameter_is_quoted_with_what_is_meant():
    with pytest.raises(ConfigError) as caught:
        checked({"modle": "m", "limit": "3"}, ("model", "since"))
    first, second = caught.value.errors
    assert first == "there is no filter 'modle' on this page; did you mean 'model'?  (known: model, since)"
    assert second.startswith("there is no filter 'limit' on this page")


@pytest.mark.parametrize("given", ["model=a&model=b", "signal=text&check=text", "model=&model=a"])
def test_parameter_that_is_given_twice_is_refused_also_by_an_older_name(given):
    with pytest.raises(ConfigError, match=r"the filter '(model|signal)' is given 2 times: give it once"):
        checked(MultiDict(parse_qsl(given, keep_blank_values=True)), ("model", "signal"))


def test_address_holds_what_is_not_empty_in_its_order():
    assert address("/pairs", {"model": "a/b c", "since": "", "tag": "x"}) == "/pairs?model=a%2Fb+c&tag=x"
    assert address("/pairs", {"since": ""}) == "/pairs"


def test_address_of_characters_that_no_address_holds_is_still_one():
    assert address("/pairs", {"model": "\ud800"}).isascii()
