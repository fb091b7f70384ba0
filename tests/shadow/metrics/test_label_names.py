"""Label values come from the configuration; an unknown name is `other`."""

import pytest

from shadow.metrics.label_names import LabelNames
from shadow.settings.top_level_config import Config

CONFIG = Config.model_validate(
    {
        "proxy": {
            "providers": {
                "candidate": {"base_url": "https://candidate.example/v1", "models": {"*": "x", "small": "vendor/small"}},
                "official": {"base_url": "https://official.example/v1"},
            },
            "routes": [
                {"name": "chat", "model": "large", "provider": "candidate"},
                {"name": "rest", "model": "kestrel-*", "provider": "candidate"},
            ],
        },
        "admin": {"models": ["extra"]},
    }
)


@pytest.fixture
def names():
    return LabelNames(CONFIG)


@pytest.mark.parametrize("name", ["large", "small", "extra"])
def test_a_model_that_the_configuration_names_is_its_own_label(names, name):
    assert names.model(name) == name


@pytest.mark.parametrize("name", ["kestrel-1", "kestrel-*", "*", "vendor/small", "", "\ud800", "large\n", "other" * 1_000])
def test_any_other_model_is_other(names, name):
    assert names.model(name) == "other"


def test_routes_are_the_named_the_default_and_those_that_providers_imply(names):
    assert [names.route(name) for name in ("chat", "default", "official", "forged")] == ["chat", "default", "official", "other"]


def test_a_provider_is_one_of_the_configuration(names):
    assert [names.provider(name) for name in ("candidate", "nobody")] == ["candidate", "other"]


def test_expected_traffic_is_each_provider_with_the_models_that_are_tied_to_it(names):
    assert set(names.expected()) == {("candidate", "large"), ("candidate", "small")}


@pytest.mark.parametrize("pair_id", ["", "a b", "x" * 65, "ä", '"', "\ud800"])
def test_an_id_that_is_none_of_ours_makes_no_exemplar(names, pair_id):
    assert names.exemplar(pair_id) is None


def test_an_exemplar_leads_to_the_pair(names):
    assert names.exemplar("01-a_B") == {"pair_id": "01-a_B"}


def test_a_configured_name_that_cannot_be_written_is_replaced_not_fatal():
    names = LabelNames(Config.model_validate({"admin": {"models": ["caf\udce9"]}}))
    names.model("caf\udce9").encode()


UNNAMED = Config.model_validate({"proxy": {"providers": {"upstream": {"base_url": "https://candidate.example/v1"}}}})


def test_an_answered_model_is_a_label_where_the_configuration_names_none():
    names = LabelNames(UNNAMED)
    assert names.model("kestrel-7b") == "other"
    assert names.answered("kestrel-7b")
    assert names.model("kestrel-7b") == "kestrel-7b"
    assert not names.answered("kestrel-7b"), "known already"


def test_the_twentieth_answered_model_is_a_label_and_the_next_is_other():
    names = LabelNames(UNNAMED)
    assert [names.answered(f"m{number}") for number in range(21)] == [True] * 20 + [False]
    assert (names.model("m19"), names.model("m20")) == ("m19", "other")


def test_the_size_of_the_model_label_counts_what_may_be_learned():
    assert LabelNames(UNNAMED).sizes == (3, 2, 21)


def test_the_sizes_of_labels_count_each_configured_name_and_other(names):
    assert names.sizes == (6, 3, 4)
    assert (names.named_models, LabelNames(UNNAMED).named_models) == (3, 0)


def test_an_answered_model_stays_other_where_the_configuration_names_models(names):
    assert not names.answered("stranger")
    assert names.model("stranger") == "other"


@pytest.mark.parametrize("name", ["", "other", "two words", "line\nfeed", "\ud800", "x" * 129, "ä"])
def test_a_name_that_is_no_plain_word_is_never_learned(name):
    names = LabelNames(UNNAMED)
    assert not names.answered(name)
    assert names.model(name) == "other"


def test_a_model_of_128_characters_is_learned():
    assert LabelNames(UNNAMED).answered("x" * 128)


def tenants(first, last):
    names = [f"t{number}" for number in range(first, last)]
    return Config.model_validate({"tenants": [{"name": name, "key_env": name.upper()} for name in names]})


def test_tenant_of_an_earlier_configuration_stays_a_label_and_a_stranger_is_other():
    names = LabelNames(tenants(0, 2))
    names.learn(tenants(1, 3))
    assert [names.tenant(name) for name in ("t0", "t1", "t2", "t3")] == ["t0", "t1", "t2", "other"]


def test_ten_thousand_tenants_are_labels_over_reloads_and_the_next_is_other():
    names = LabelNames(tenants(0, 9_999))
    names.learn(tenants(9_999, 10_002))
    assert [names.tenant(f"t{number}") for number in (0, 9_998, 9_999, 10_000, 10_001)] == [
        "t0",
        "t9998",
        "t9999",
        "other",
        "other",
    ]


def test_ten_thousand_models_of_one_configuration_are_labels_and_the_next_is_other():
    names = LabelNames(Config.model_validate({"admin": {"models": [f"m{number}" for number in range(10_001)]}}))
    assert [names.model(f"m{number}") for number in (9_999, 10_000)] == ["m9999", "other"]


@pytest.mark.parametrize(
    ("model", "learned"),
    [("m" * 128, True), ("m" * 129, False), ("", False), ("a b", False), ("ä", False), ("other", False), ("~!", True)],
)
def test_model_that_was_answered_is_learned_where_it_is_short_printable_ascii(model, learned):
    names = LabelNames(Config())
    assert names.answered(model) is learned
    assert names.model(model) == (model if learned else "other")
    assert names.answered(model) is False, "it is a new one only once"


@pytest.mark.parametrize(("room", "learned"), [(2, 2), (1, 1), (0, 0)])
def test_no_more_models_are_learned_than_there_is_room_for(room, learned):
    names = LabelNames(Config.model_validate({"admin": {"learn_models": room}}))
    assert sum(names.answered(f"model-{number}") for number in range(3)) == learned
    assert names.sizes == (2, 1, 1 + room)
    assert repr(names) == f"<LabelNames providers=0 models=0 learned={learned}>"


def test_no_model_is_learned_where_the_configuration_names_one(names):
    assert names.answered("stranger") is False
    assert names.model("stranger") == "other"
    assert names.sizes == (6, 3, 4)
    assert names.named_models == 3


@pytest.mark.parametrize(("pair", "shown"), [("p" * 64, True), ("p" * 65, False), ("", False), ("a/b", False)])
def test_id_of_a_pair_is_an_exemplar_where_it_fits(names, pair, shown):
    assert names.exemplar(pair) == ({"pair_id": pair} if shown else None)


@pytest.mark.parametrize(("routers", "labels"), [({}, 1), ({"a": 3}, 6), ({"a": 3, "b": 7}, 10)])
def test_upstreams_are_those_of_the_largest_router_and_three_more(routers, labels):
    providers = {
        name: {"base_url": f"https://{name}.example/v1", "upstream_from": "provider", "max_upstreams": most}
        for name, most in routers.items()
    }
    plain = {"plain": {"base_url": "https://plain.example/v1", "max_upstreams": 50}}
    assert LabelNames(Config.model_validate({"proxy": {"providers": providers | plain}})).upstreams == labels
