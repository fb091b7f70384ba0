from dataclasses import replace

import pytest

from proxy.provider_config import Provider
from shadow.choice.candidate_claims import ChoiceVerdict
from shadow.settings.top_level_config import TenantConfig
from shadow.tournament.claim_sentences import live_sentence
from shadow.tournament.known_tournaments import KnownTournament
from shadow.tournament.tournament_figures import LimitFigures
from shadow.tournament.tournament_record import row_of
from shadow.tournament.tournament_view import TournamentRecords, figures_of, tournament_figures
from storage.erasure_choice import ErasureChoice
from storage.judgement_rows import AlarmRow
from storage.rows import IdentityRow, PairGroup
from storage.storage_config import StorageConfig
from tests.records import NOW, add_live
from tests.shadow.tournament.arm_rows import BEGUN, LATER, RECORD, arm, row
from tests.shadow.tournament.stored_arms import CONFIG, store_arms


def figures(*rows, record=RECORD, now=LATER, costs=None, **more):
    """The figures of these rows; `costs` are by candidate, or by candidate and model."""
    by_model = {(key, "kimi") if isinstance(key, str) else key: own for key, own in (costs or {}).items()}
    records = TournamentRecords(rows=[each for found in rows for each in found], costs=by_model, **more)
    return figures_of(record, records, now=now)


def shown(found):
    return {each.name: each for each in found.candidates}


def costs(factor):
    return {f"r{place}": (f"talk-{place}", factor * (1 + place % 7 / 10)) for place in range(1_400)}


def changed(place):
    """The serving identity of a candidate is another one from this request on."""
    return IdentityRow(
        exchange_id="x",
        started=BEGUN + 60 * place,
        provider="host-a",
        model="kimi",
        identity="b",
        previous="a",
        changes="[]",
        facts="{}",
    )


def test_equal_worse_and_missing_candidates_have_their_verdicts():
    found = figures(arm("host-a"), arm("host-b", excess=0.12))
    assert {name: each.verdict for name, each in shown(found).items()} == {
        "host-a": ChoiceVerdict.SAME,
        "host-b": ChoiceVerdict.WORSE,
        "host-c": ChoiceVerdict.NOT_MEASURED,
    }
    same = shown(found)["host-a"]
    assert same.sentence.startswith(
        "host-a: same as the reference within 3 points (930 requests in 930 conversations, 28 to 29 May; "
    )
    assert (same.signals["answer_kind"].state, same.needed) == (ChoiceVerdict.SAME, None)
    words = "host-b: worse than the reference by more than 3 points: kind of answer, about 1"
    assert shown(found)["host-b"].sentence.startswith(words)
    assert shown(found)["host-c"].sentence == (
        "host-c: not measured: no request has been compared yet; where others have some, its answers take long (shadow.timeout), "
        "or its copies got no slot (`candidate_busy`)."
    )


@pytest.mark.parametrize(("others", "state"), [(("host-b",), ChoiceVerdict.SAME), ((), ChoiceVerdict.UNDECIDED)])
def test_each_signal_of_a_candidate_proven_in_a_later_step_is_the_same(others, state):
    """205 pairs without a difference are above 80, the bar of the second place, and below 100, that of the first."""
    one = shown(figures(arm(n=205, floor=0), *(arm(name, n=400, floor=0) for name in others)))["host-a"]
    found = one.signals["answer_kind"]
    assert (found.state, found.needed is None) == (state, state is ChoiceVerdict.SAME)


def test_undecided_names_the_signal_and_how_many_requests_it_takes():
    one = shown(figures(arm(n=200)))["host-a"]
    assert one.verdict is ChoiceVerdict.UNDECIDED
    assert one.sentence.startswith("host-a: not yet known: kind of answer 200 of about ")
    assert one.needed == one.signals["answer_kind"].needed > 200


def test_figures_stand_beside_the_claim():
    rows = [*arm(n=98, first_token=0.25), *(row(200 + place, status=429, excluded=("denied",), payoffs={}) for place in range(2))]
    one = shown(figures(rows))["host-a"]
    assert (one.first_token, one.seconds, one.availability) == (0.25, 2.0, pytest.approx(0.98))
    assert (one.requests, one.price) == (98, None)


@pytest.mark.parametrize(("denied", "verdict"), [(155, ChoiceVerdict.SAME), (156, ChoiceVerdict.UNDECIDED)])
def test_same_is_not_claimed_where_more_than_a_tenth_was_denied(denied, verdict):
    """1,400 answers and 155 refusals are 9.97 %; one more refusal is over 10 %."""
    refused = {"status": 429, "excluded": ("denied",), "judgement": "denied", "payoffs": {}}
    rows = [*arm(), *(row(2_000 + place, **refused) for place in range(denied))]
    one = shown(figures(rows))["host-a"]
    assert one.verdict is verdict
    assert ("requests were refused or failed, most by status 429" in one.sentence) == (verdict is ChoiceVerdict.UNDECIDED)


def test_the_reference_s_own_server_is_too_faithful_and_never_the_same():
    one = shown(figures(arm(floor=0, excluded=("same_server",), judgement="same_server")))["host-a"]
    assert (one.verdict, "too faithful" in one.sentence) == (ChoiceVerdict.NOT_MEASURED, True)


def test_two_candidates_of_one_server_are_named():
    same = {("host-a", "kimi"): "abc", ("host-b", "kimi"): "abc", ("host-c", "kimi"): "def"}
    found = figures(arm("host-a", 50), arm("host-b", 50), identities=same)
    assert found.notes == ("host-a and host-b show the same serving identity: they may be one server, at two prices.",)
    assert shown(found)["host-a"].identity.same_as == ("host-b",)


@pytest.mark.slow
def test_a_candidate_with_a_changed_identity_is_counted_from_the_change():
    change = changed(1_000)
    one = shown(figures(arm(), changes=[change]))["host-a"]
    assert (one.verdict, one.requests, one.identity.changed) == (ChoiceVerdict.UNDECIDED, 400, True)
    first = replace(change, previous="")
    assert shown(figures(arm(), changes=[first]))["host-a"].verdict is ChoiceVerdict.SAME


def test_a_count_without_a_place_is_undecided():
    change = changed(700)
    tight = replace(RECORD, terms=replace(RECORD.terms, places=1))
    one = shown(figures(arm(), record=tight, changes=[change]))["host-a"]
    assert (one.verdict, "all 1 places of this tournament are taken" in one.sentence) == (ChoiceVerdict.UNDECIDED, True)


def test_an_alarm_takes_a_claim_back():
    group = PairGroup(route="agents", model="kimi", provider="host-a", reference="maker")
    alarm = AlarmRow(at=BEGUN + 90_000, pair_id="p", group=group, old="ok", new="drift", name="x", details="{}")
    one = shown(figures(arm(), alarms=[alarm]))["host-a"]
    assert one.verdict is ChoiceVerdict.DIFFERS
    assert one.sentence.endswith("a drift alarm since 29 May 21:26 UTC; the earlier claim is withdrawn.")
    found = replace(alarm, details='{"tests": [{"signal": "prompt_tokens", "sentence": "reports more prompt tokens"}]}')
    words = "a drift alarm since 29 May 21:26 UTC (reports more prompt tokens); the earlier claim is withdrawn."
    assert shown(figures(arm(), alarms=[found]))["host-a"].sentence.endswith(words)
    over = replace(alarm, old="drift", new="recovered", at=alarm.at + 60)
    assert shown(figures(arm(), alarms=[over, alarm]))["host-a"].verdict is ChoiceVerdict.SAME


def test_the_live_provider_is_shown_beside_and_nothing_is_claimed_of_it():
    live = arm("live", n=40, role="primary", first_token=0.25, tokens=(100, 300, 0, 0, 10, 0, 0))
    found = figures(arm("host-a", n=40), live, live_costs={"live": costs(0.003)})
    (one,) = found.live
    assert (one.name, one.first_token, one.seconds, one.price.cached) == ("live", 0.25, 2.0, 0.75)
    assert "live" not in shown(found)
    assert live_sentence(one) == (
        "live serves meanwhile: 3.90 a thousand requests, 75 % of its prompt tokens from a cache; first token 0.25 s; "
        "whole answer 2.00 s."
    )


def test_declared_limits_stand_beside_the_claim():
    served = [{"model": "kim*", "quantization": "fp8", "context": 131_072}]
    provider = Provider.model_validate({"base_url": "https://a.example.com", "served": served})
    one = shown(figures(arm(n=40), providers={"host-a": provider}, largest={("host-a", "kimi"): 9_000}))["host-a"]
    assert one.limits == LimitFigures(quantization="fp8", context=131_072, largest_prompt=9_000)


def test_pairs_of_the_live_provider_and_of_another_reference_are_not_counted():
    found = figures(arm(role="primary"), arm(reference="other"))
    assert shown(found)["host-a"].verdict is ChoiceVerdict.NOT_MEASURED


def test_evidence_ends_before_the_first_pair_that_waits_for_the_judge():
    rows = [*arm(), row(700, judgement=None)]
    one = shown(figures(sorted(rows, key=lambda each: each.started)))["host-a"]
    assert one.requests == 700


@pytest.mark.parametrize("now", [BEGUN + 60 * 500, BEGUN + 60 * 900, LATER])
def test_the_units_known_at_one_time_are_the_first_of_those_known_later(now):
    """A restart reads the stored pairs again: what was counted before is counted the same."""
    seen = [each for each in arm() if each.started <= now]
    again = figures(seen, now=now)
    assert shown(again)["host-a"] == shown(figures(seen, now=now))["host-a"]
    assert shown(again)["host-a"].conversations <= shown(figures(arm()))["host-a"].conversations


def test_the_cheapest_of_the_proven_is_named_and_what_is_cheaper_and_undecided():
    money = {"host-a": costs(0.002), "host-b": costs(0.004), "host-c": costs(0.0001)}
    found = figures(arm("host-a"), arm("host-b"), arm("host-c", 200), costs=money)
    assert (found.cheapest, found.tie, found.cheaper_undecided) == ("host-a", (), ("host-c",))
    assert found.rank == "Cheapest proven the same: host-a (2.60 a thousand requests). Cheaper and not yet known: host-c."


def test_a_worse_candidate_is_never_the_cheapest():
    money = {"host-a": costs(0.002), "host-b": costs(0.0001)}
    assert figures(arm("host-a"), arm("host-b", excess=0.12), costs=money).cheapest == "host-a"


def test_of_two_models_the_worse_one_is_not_named_with_the_cheapest():
    money = {"host-a": costs(0.002), ("host-a", "other"): costs(0.0001)}
    found = figures(arm("host-a"), arm("host-a", excess=0.12, model="other"), costs=money)
    assert found.cheapest == "host-a (kimi)"
    assert found.rank == "Cheapest proven the same: host-a (kimi) (2.60 a thousand requests)."
    assert [each.sentence.partition(":")[0] for each in found.candidates[:2]] == ["host-a (kimi)", "host-a (other)"]


def test_models_that_answered_other_requests_are_no_tie():
    other = {f"o{request}": cost for request, cost in costs(0.004).items()}
    money = {"host-a": costs(0.002), ("host-a", "other"): other}
    found = figures(arm("host-a"), arm("host-a", seed=3, model="other"), costs=money)
    assert (found.cheapest, found.tie) == ("host-a (kimi)", ())
    assert found.rank.endswith("Answered other requests, so that no price is compared: host-a (other).")


def test_without_prices_none_is_the_cheapest():
    found = figures(arm("host-a"))
    assert (found.cheapest, found.rank) == ("", "Proven the same: host-a. The price is not known, so none is named the cheapest.")


@pytest.mark.parametrize(("n", "named"), [(234, False), (235, True)])
def test_a_candidate_proven_too_weakly_is_not_named_though_its_price_is_known(n, named):
    """234 pairs without a difference are evidence below 200, and 235 above."""
    found = figures(arm(n=n, floor=0), costs={"host-a": costs(0.002)})
    weak = "Proven the same: host-a. None is proven firmly enough yet to be named the cheapest."
    assert (found.rank == weak, found.cheapest == "host-a") == (not named, named)


def test_nothing_is_claimed_where_pairs_of_the_tournament_may_be_deleted():
    found = figures(arm("host-a"), arm("host-b", excess=0.12), cut=BEGUN + 86_400)
    assert [each.verdict for each in found.candidates[:2]] == [ChoiceVerdict.UNDECIDED] * 2
    assert shown(found)["host-a"].sentence == (
        "host-a: not yet known: records before 29 May 20:26 UTC are deleted, and the tournament began earlier, so that pairs of "
        "it may be deleted; raise keep_days (of storage and of its tenants) or storage.max_bytes, and begin a new one."
    )
    assert found.rank == "No candidate is proven the same yet."


@pytest.mark.parametrize(
    ("deleted", "words"), [(1, "1 pair of this tournament was"), (1_200, "1,200 pairs of this tournament were")]
)
def test_nothing_is_claimed_where_pairs_of_the_tournament_were_deleted(deleted, words):
    found = figures(arm("host-a"), arm("host-b", excess=0.12), deleted=deleted)
    assert shown(found)["host-a"].sentence == (
        f"host-a: not yet known: {words} deleted, so that nothing is claimed; check what deletes them (`forget`, keep_days of "
        "storage and of its tenants, or storage.max_bytes), and begin a new one."
    )
    assert shown(found)["host-c"].sentence.startswith(f"host-c: not measured: {words} deleted")
    states = [ChoiceVerdict.UNDECIDED, ChoiceVerdict.UNDECIDED, ChoiceVerdict.NOT_MEASURED]
    assert [each.verdict for each in found.candidates] == states
    assert found.rank == "No candidate is proven the same yet."


@pytest.mark.slow
def test_a_conversation_deleted_in_the_middle_of_a_tournament_takes_its_claims_back(store):
    """Two days after the begin, on an empty database, where an earlier look has claimed."""
    record = replace(RECORD, begun=NOW - 2 * 86_400, candidates=("host-b", "host-c"), reference="official")
    terms = replace(record.terms, tolerance=0.2)
    record = replace(record, terms=terms)
    store.studies.begin(row_of(record))
    store_arms(store, record.begun)
    known = KnownTournament()
    before = tournament_figures(store, record, NOW, CONFIG, known)
    assert [each.verdict for each in before.candidates] == [ChoiceVerdict.SAME, ChoiceVerdict.WORSE]
    middle = store.judgements.arm_pairs("agents", record.begun, 0.0)[80]
    assert store.forget(ErasureChoice(conversation=middle.conversation)).exchanges > 0
    after = tournament_figures(store, record, NOW, CONFIG, known)
    assert [each.verdict for each in after.candidates] == [ChoiceVerdict.UNDECIDED] * 2
    assert "1 pair of this tournament was deleted" in after.candidates[0].sentence


@pytest.mark.slow
@pytest.mark.parametrize(("kept_since", "begun", "claimed"), [(1.0, -1.0, False), (1.0, 0.0, True), (0.0, -1.0, True)])
def test_the_oldest_record_after_the_start_is_a_cut_where_older_ones_were_kept(store, kept_since, begun, claimed):
    """A tournament that began on an empty database has no older record, and its first one is no cut."""
    store_arms(store, NOW)
    record = replace(RECORD, begun=NOW + begun, kept_since=kept_since, candidates=("host-b",), reference="official")
    (one,) = tournament_figures(store, record, NOW + 1e6).candidates
    assert ("are deleted, and the tournament began earlier" not in one.sentence) == claimed


def kept(days, tenants):
    storage, named = {"keep_days": days}, [{"name": name, "key_env": "KEY", **own} for name, own in tenants.items()]
    return CONFIG.model_copy(
        update={"storage": StorageConfig(**storage), "tenants": tuple(map(TenantConfig.model_validate, named))}
    )


@pytest.mark.parametrize(
    ("days", "tenants", "claimed"),
    [
        (2.0, {}, True),
        (1.9, {}, False),
        (30.0, {"clinic": {"keep_days": 2.0}}, True),
        (30.0, {"clinic": {"keep_days": 1.9}}, False),
        (30.0, {"clinic": {"keep_days": 1.9, "routes": ("other",)}}, True),
        (30.0, {"clinic": {}, "school": {"keep_days": 1.9, "routes": ("agents",)}}, False),
    ],
)
def test_nothing_is_claimed_of_a_tournament_that_began_before_the_days_that_are_kept(sqlite_store, days, tenants, claimed):
    """It began two days ago, on an empty database."""
    store_arms(sqlite_store, NOW - 2 * 86_400, n=2)
    record = replace(RECORD, begun=NOW - 2 * 86_400, kept_since=0.0, candidates=("host-b",), reference="official")
    (one,) = tournament_figures(sqlite_store, record, NOW, kept(days, tenants)).candidates
    assert ("are deleted, and the tournament began earlier" not in one.sentence) == claimed


@pytest.mark.slow
def test_what_a_tenant_s_days_deleted_is_seen_though_an_older_record_of_another_is_kept(sqlite_store):
    add_live(sqlite_store, "older", started=NOW - 5 * 86_400)
    for days in (4, 1):
        store_arms(sqlite_store, NOW - days * 86_400, n=60, tenant="clinic")
    record = replace(
        RECORD, begun=NOW - 4 * 86_400 - 1, kept_since=NOW - 5 * 86_400, candidates=("host-b",), reference="official"
    )
    assert sqlite_store.sweep(NOW, {"clinic": 2.0}) > 0
    (one,) = tournament_figures(sqlite_store, record, NOW, kept(30.0, {"clinic": {"keep_days": 2.0}})).candidates
    assert one.verdict is ChoiceVerdict.UNDECIDED
    assert "are deleted, and the tournament began earlier" in one.sentence


def test_an_empty_store_shows_every_candidate_as_not_measured(store):
    found = tournament_figures(store, RECORD, LATER)
    assert [each.verdict for each in found.candidates] == [ChoiceVerdict.NOT_MEASURED] * 3
    assert found.rank == "No candidate is proven the same yet."
