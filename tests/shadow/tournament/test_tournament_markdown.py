from dataclasses import replace

from proxy.provider_config import Provider
from shadow.tournament.tournament_markdown import tournament_markdown
from tests.shadow.tournament.arm_rows import RECORD, arm
from tests.shadow.tournament.test_tournament_view import figures


def test_the_claims_are_a_list_and_the_figures_a_table():
    lines = tournament_markdown(figures(arm("host-a"))).splitlines()
    assert lines[0] == "## sameweights choose: agents"
    assert sum(line.startswith("- host-") for line in lines) == 3
    assert sum(line.startswith("|") for line in lines) == 5


def test_what_serves_meanwhile_and_declared_limits_stand_below_the_table():
    live = arm("live", n=40, role="primary", first_token=0.25)
    providers = {"host-a": Provider(base_url="https://a.example/v1", served=[{"model": "*", "quantization": "fp8"}])}
    lines = tournament_markdown(figures(arm("host-a", n=40), live, providers=providers)).splitlines()
    assert lines[-1] == "host-a declares fp8."
    assert lines[-3] == "live serves meanwhile: first token 0.25 s; whole answer 2.00 s."


def test_names_cannot_become_markup():
    odd = "host|<b>*x*"
    found = tournament_markdown(figures(arm(odd), record=replace(RECORD, candidates=(odd,))))
    assert "<b>" not in found
    assert "*x*" not in found.replace("\\*x\\*", "")
