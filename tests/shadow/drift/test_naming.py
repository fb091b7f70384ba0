from shadow.drift.naming import SPECIFIC, TOO_FAITHFUL, Since, most_specific, reference_suspected, title
from shadow.drift.signals import Signal
from shadow.drift.stakes import PROVIDER, REFERENCE


def test_every_signal_has_its_rank():
    assert set(SPECIFIC) == set(Signal)
    assert len(SPECIFIC) == len(Signal)


def test_the_narrowest_signal_past_the_bar_names_the_alarm():
    past = [(("action", PROVIDER), 9.0), (("trigger", PROVIDER), 3.0), (("args", PROVIDER), 1.0), (("schema", PROVIDER), 0.1)]
    assert most_specific(past) == ("schema", PROVIDER)
    assert most_specific(past[:3]) == ("args", PROVIDER)
    assert most_specific(past[:1]) == ("action", PROVIDER)


def test_too_close_to_the_reference_is_no_degradation_and_has_its_own_name():
    assert title(("action", REFERENCE)) == TOO_FAITHFUL
    assert title(("action", PROVIDER)) == "action"
    assert title(("trigger_rate", REFERENCE)) == "trigger_rate"
    assert most_specific([(("text", REFERENCE), 9.0), (("action", PROVIDER), 1.0)]) == ("action", PROVIDER)


def at(provider, earliest, latest, *, model="m", reference="official"):
    return Since(group=("default", model, provider, reference), earliest=earliest, latest=latest)


def test_the_reference_is_suspected_when_two_providers_leave_it_at_once():
    one, other, later = at("one", 0, 10), at("other", 8, 20), at("third", 30, 40)
    assert reference_suspected([one, other, later]) == {one.group, other.group}


def test_one_provider_on_two_routes_is_one_witness():
    one = at("one", 0, 10)
    assert not reference_suspected([one, Since(group=("second", "m", "one", "official"), earliest=0, latest=10)])


def test_another_model_or_another_reference_says_nothing():
    one = at("one", 0, 10)
    assert not reference_suspected([one, at("other", 0, 10, model="n"), at("third", 0, 10, reference="else")])
    assert not reference_suspected([])


def test_a_provider_that_is_still_one_with_the_reference_acquits_it():
    bad = [at("one", 0, 10), at("other", 5, 15)]
    fine = at("third", 0, 0).group
    assert not reference_suspected(bad, [fine])
    assert reference_suspected(bad, [at("third", 0, 0, reference="else").group])
