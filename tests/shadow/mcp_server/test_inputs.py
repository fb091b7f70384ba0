import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.mcp_server.inputs import check_model, check_recorded, id_before, instant, one_of, page_of, rfc3339, rows_wanted
from shadow.settings.config_errors import ConfigError
from tests.records import add_pair


@given(st.binary(min_size=14, max_size=14))
def test_the_page_after_an_id_is_read_back_as_that_id(raw):
    assert id_before(page_of(raw.hex())) == raw.hex()


@pytest.mark.parametrize("page", ["%%", "after-", "after-XYZ", "after-12345678 ", " ", "x" * 10_000])
def test_a_page_that_is_none_is_refused_with_a_sentence(page):
    with pytest.raises(ConfigError, match="no such page"):
        id_before(page)


def test_no_page_is_the_first_page():
    assert id_before("") == ""


@pytest.mark.parametrize("limit", [1, 100])
def test_limits_of_1_and_100_rows_are_taken(limit):
    assert rows_wanted(limit) == limit


@pytest.mark.parametrize("limit", [-1, 0, 101])
def test_limits_beside_1_to_100_rows_are_refused(limit):
    with pytest.raises(ConfigError, match="between 1 and 100"):
        rows_wanted(limit)


def test_an_unknown_name_is_quoted_with_the_nearest_known_one():
    with pytest.raises(ConfigError, match=r"no such provider: 'spacr'; did you mean 'spacer'\?"):
        one_of("provider", "spacr", ["spacer", "slow"])


def test_of_known_names_at_most_20_are_listed():
    with pytest.raises(ConfigError) as error:
        one_of("provider", "x", [f"n{number:02}" for number in range(30)])
    assert "n19" in str(error.value)
    assert "n20" not in str(error.value)


def test_an_unknown_name_without_known_ones_states_that_none_is_recorded():
    with pytest.raises(ConfigError, match="none is recorded yet"):
        one_of("study", "x", [])


def test_moments_are_rfc_3339_in_utc_and_zero_is_none():
    assert instant(0.0) == "1970-01-01T00:00:00.000+00:00"
    assert rfc3339(1_700_000_000.25) == "2023-11-14T22:13:20.250+00:00"
    assert (rfc3339(None), rfc3339(0.0)) == (None, None)


def test_known_name_is_returned():
    assert one_of("provider", "slow", ["spacer", "slow"]) == "slow"


def test_names_that_are_recorded_are_accepted_and_others_are_refused(sqlite_store):
    add_pair(sqlite_store, "near", "Hello", "Hello", model="m")
    assert sqlite_store.flush(20)
    check_recorded(sqlite_store, provider="near", model="m")
    check_recorded(sqlite_store, provider="", model="")
    with pytest.raises(ConfigError, match="no such provider: 'far'"):
        check_recorded(sqlite_store, provider="far", model="m")
    with pytest.raises(ConfigError, match="no such model: 'n'"):
        check_recorded(sqlite_store, provider="near", model="n")
    with pytest.raises(ConfigError, match="no such upstream: 'u'; explain_alert names those"):
        check_recorded(sqlite_store, provider="near", model="m", upstream="u")


def test_model_is_refused_without_the_names_of_others():
    check_model("m", ["m", "n"])
    with pytest.raises(ConfigError) as error:
        check_model("x", ["m-of-a-client"])
    assert "m-of-a-client" not in str(error.value)
