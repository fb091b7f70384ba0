"""The options of the fleet's command."""

from shadow.studies.fleet.fleet_options import fleet_options


def test_options_are_read_and_have_defaults():
    assert vars(fleet_options([])) == {"padding": 0, "http": 0}
    assert vars(fleet_options(["--padding", "9", "--http", "8"])) == {"padding": 9, "http": 8}
