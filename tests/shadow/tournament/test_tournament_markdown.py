from dataclasses import replace

from shadow.tournament.tournament_markdown import tournament_markdown
from tests.shadow.tournament.arm_rows import RECORD, arm
from tests.shadow.tournament.test_tournament_view import figures


def test_the_claims_are_a_list_and_the_figures_a_table():
    lines = tournament_markdown(figures(arm("host-a"))).splitlines()
    assert lines[0] == "## sameweights choose: agents"
    assert sum(line.startswith("- host-") for line in lines) == 3
    assert sum(line.startswith("|") for line in lines) == 5


def test_names_cannot_become_markup():
    odd = "host|<b>*x*"
    found = tournament_markdown(figures(arm(odd), record=replace(RECORD, candidates=(odd,))))
    assert "<b>" not in found
    assert "*x*" not in found.replace("\\*x\\*", "")
