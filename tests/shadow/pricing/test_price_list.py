"""Which price counts: by provider, by model, by day."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from proxy.provider_config import Provider
from shadow.pricing.price_list import PriceList, class_prices, price_entries


def provider(*prices, **more):
    return Provider.model_validate({"base_url": "http://a.example/v1", "prices": prices, **more})


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


NOW = at("2026-11-20 12:00")


def fresh(provider, model="kimi-k2", moment=NOW):
    found = PriceList({"a": provider}).prices("a", model, moment)
    return found and found.fresh


def test_first_model_that_fits_counts():
    listed = provider({"model": "kimi-*", "input": 1}, {"model": "*", "input": 2})
    assert (fresh(listed), fresh(listed, "other"), fresh(listed, "")) == (1, 2, 2)


def test_patterns_of_models_mind_upper_and_lower_case():
    assert fresh(provider({"model": "kimi-*", "input": 1}), "Kimi-k2") is None


def test_price_may_be_of_the_name_that_the_provider_has_for_the_model():
    listed = provider({"model": "org/*", "input": 1}, models={"kimi-k2": "org/kimi-k2"})
    assert (fresh(listed), fresh(listed, "other")) == (1, None)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_newest_price_that_has_begun_counts_in_whatever_order_they_stand(order):
    dated = [
        {"input": 1},
        {"since": date(2026, 11, 1), "input": 2},
        {"since": date(2026, 12, 1), "input": 3},
    ]
    listed = provider(*(dated[place] for place in order))
    moments = ("2026-10-31 23:59:59", "2026-11-01 00:00", "2026-11-30 23:59:59", "2026-12-01 00:00")
    assert [fresh(listed, moment=at(moment)) for moment in moments] == [1, 2, 2, 3]


def test_model_whose_prices_have_not_begun_has_those_of_the_next_that_fits_or_none():
    later = {"model": "kimi-*", "since": date(2026, 12, 1), "input": 3}
    assert fresh(provider(later)) is None
    assert fresh(provider(later, {"input": 1})) == 1


def test_short_forms_are_the_last_entry():
    listed = provider({"model": "kimi-*", "input": 1}, price_input=2, price_cached_input=0.2, price_output=8)
    assert fresh(listed) == 1
    assert PriceList({"a": listed}).prices("a", "other", NOW) == tuple(map(Decimal, ("2.0", "0.2", "2.0", "2.0", "8.0", "8.0")))


def test_price_that_is_not_stated_is_that_of_the_class_it_is_a_part_of():
    [entry] = price_entries(provider({"input": 3, "cache_write": 3.75, "output": 15}))
    assert class_prices(entry) == tuple(map(Decimal, ("3.0", "3.0", "3.75", "3.75", "15.0", "15.0")))


def test_provider_without_prices_or_of_another_name_has_none():
    listed = PriceList({"a": provider(), "b": provider(price_input=1)})
    assert (listed.has("a"), listed.has("b"), listed.has("c")) == (False, True, False)
    assert listed.prices("a", "m", NOW) is None
    assert listed.prices("c", "m", NOW) is None


def test_price_is_the_number_as_it_was_written():
    assert fresh(provider({"input": 0.1})) == Decimal("0.1")


def test_ceiling_of_a_class_is_its_highest_price_on_any_day_and_without_one_the_highest_of_all():
    dated = [{"input": 2, "output": 8}, {"since": date(2026, 11, 1), "input": 3}]
    dearest = PriceList({"a": provider(*dated)}).dearest("a", "m")
    assert dearest == tuple(map(Decimal, ("3.0", "3.0", "3.0", "3.0", "8.0", "8.0")))
    assert PriceList({"a": provider({"output": 8})}).dearest("a", "m") == (Decimal("8.0"),) * 6
    assert PriceList({"a": provider()}).dearest("a", "m") is None


def test_ceiling_leaves_out_what_stands_below_a_pattern_that_holds_on_every_day():
    listed = provider({"model": "kimi-*", "input": 2, "output": 2}, {"input": 9, "output": 9})
    assert PriceList({"a": listed}).dearest("a", "kimi-k2") == (Decimal("2.0"),) * 6
    own = provider({"model": "org/*", "input": 2, "output": 2}, {"input": 9, "output": 9}, models={"kimi-k2": "org/kimi-k2"})
    assert PriceList({"a": own}).dearest("a", "kimi-k2") == (Decimal("2.0"),) * 6
    later = provider({"model": "kimi-*", "since": date(2026, 12, 1), "input": 2, "output": 2}, {"input": 9, "output": 9})
    assert PriceList({"a": later}).dearest("a", "kimi-k2") == (Decimal("9.0"),) * 6


def test_each_class_is_that_of_the_class_it_is_a_part_of_unless_it_is_stated():
    stated = {"input": 1, "cached_input": 2, "cache_write": 3, "cache_write_1h": 4, "output": 5, "reasoning": 6}
    [entry] = price_entries(provider(stated))
    assert class_prices(entry) == tuple(map(Decimal, ("1.0", "2.0", "3.0", "4.0", "5.0", "6.0")))
    [alone] = price_entries(provider({"output": 5}))
    assert class_prices(alone) == (None, None, None, None, Decimal("5.0"), Decimal("5.0"))
    [free] = price_entries(provider({"input": 3, "cached_input": 0, "cache_write": 0}))
    assert class_prices(free)[:4] == (Decimal("3.0"), Decimal("0.0"), Decimal("0.0"), Decimal("0.0"))


def test_a_provider_without_short_forms_has_no_entry_of_them():
    assert price_entries(provider()) == ()
    assert len(price_entries(provider({"input": 1}))) == 1
    assert len(price_entries(provider({"input": 1}, price_output=2))) == 2


def test_ceiling_of_a_model_that_no_entry_fits_is_that_of_any_model():
    listed = PriceList({"a": provider({"model": "x", "input": 2}, {"model": "y", "input": 9, "output": 1})})
    assert listed.dearest("a", "z") == tuple(map(Decimal, ("9.0", "9.0", "9.0", "9.0", "1.0", "1.0")))
    assert listed.dearest("b", "z") is None


def test_a_list_names_the_providers_that_have_prices():
    assert (
        repr(PriceList({"b": provider(price_input=1), "a": provider(price_input=1), "c": provider()}))
        == "<PriceList of ['a', 'b']>"
    )
