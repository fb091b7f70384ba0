"""The page of a provider whose figures are made by hand: what stands where, and what of others it leaves out."""

import json
import re
from dataclasses import replace
from types import SimpleNamespace

import pytest
from prometheus_client import CollectorRegistry

from shadow.pages.page_set import PageSet
from shadow.pages.period_figures import PeriodFigures
from shadow.settings.top_level_config import Config
from shadow.verdict.verdict_value import VerdictWord
from storage.judgement_rows import PairTimes
from storage.page_rows import CoursePoint, OperatorActionRow
from storage.rows import IdentityRow, PairGroup
from tests.conformance import exchange_record
from tests.most_rows import MostRows
from tests.reading import Reading
from tests.records import NOW, add_live, add_pair, calling
from tests.shadow.report.made_report import GARBLER, SINCE, UNTIL, card, check, gap, reason, signal, verdict
from tests.shadow.report.test_count_money import summed

DIFFERS = verdict(VerdictWord.DIFFERS, "differs", reason())
QUIET = verdict(VerdictWord.NONE_SEEN, "no difference seen")
EMPTY = PeriodFigures(
    since=SINCE, built=UNTIL, cards=(), drift=(), references=(), paces=(), token_counts=(), traffic=(), token_sums=(),
    rows=None, courses={},
)  # fmt: skip


class Timed:
    """A store whose newest pairs took these times."""

    def __init__(self, store, times):
        self._store, self._times = store, times
        self.judgements = self

    def __getattr__(self, name):
        return getattr(self._store, name)

    def pair_times(self, _since, _until, most):
        return self._times[:most]


@pytest.fixture
def page(sqlite_store):
    def made(*cards, times=(), query=None, acts=False, providers=None, **figures):
        config = Config.model_validate({"proxy": {"providers": providers or {}}})
        pages = PageSet(Timed(sqlite_store, times), config, CollectorRegistry(), acts=acts, now=lambda: UNTIL)
        return pages.provider.page("p", query or {}, replace(EMPTY, cards=cards, **figures))

    return made


def text(page, begin="", end=""):
    """The text between two headings, or all of it, with plain signs of minus."""
    whole = " ".join(Reading(page).text.replace("\N{MINUS SIGN}", "-").split())
    return whole[whole.index(begin) + len(begin) :].partition(end or "\n")[0].strip()


def test_signals_stand_by_outcome_each_with_the_largest_excess_first(page):
    made = page(replace(GARBLER, provider="p"))
    head = "Signal Provider Reference again Excess, 95 % -50 points +100 Pairs".replace(" ", "")
    shown = re.sub(r"\s", "", text(made, "Signals", "Faults"))
    assert shown == (
        f"{head}toolschosen40%--40[-45to-35]show→toolarguments40%4.0%+34[+29to+39]show→"
        f"2signals:nodifferenceseen{head}text40%4.0%+90[+85to+95]show→finishreason40%4.0%0[-5to+5]show→"
        "1signalinnopairseed:notmeasured"
    )
    assert re.findall(r'<tr class="differ">\s*<th>([a-z ]+)</th>', made) == ["tools chosen", "tool arguments"]
    assert "<details><summary>2 signals" in made
    assert "<details open><summary>" in page(card("p", QUIET, signals=(signal("text", "no difference seen", 0.0),)))


def test_checks_that_decide_stand_first_and_the_others_by_their_share(page):
    shown = text(page(replace(GARBLER, provider="p")), "Faults of its answers", "Server identity")
    assert shown == (
        "CheckProviderReferenceAnswers ✗ lost spaces42 % of 1000 % of 80show → seed50 % of 1000 % of 80show →"
        " usage missing or wrong42 % of 1000 % of 80show →"
    )


@pytest.mark.parametrize(
    ("answers", "shown"),
    [
        ([], "Not measured: no answer of the period could be checked."),
        ([0, 0], "Not measured: no answer of the period could be checked."),
        ([0, 1], "✓ No answer of the period failed a check."),
    ],
)
def test_provider_without_a_fault_has_a_tick_only_where_an_answer_was_checked(page, answers, shown):
    checks = tuple(check("stop", faulty=0, answers=many) for many in answers)
    assert text(page(card("p", QUIET, checks=checks)), "Faults of its answers", "Server identity") == shown


def test_intervals_are_drawn_on_one_axis_with_the_band_of_what_is_tolerated(page):
    rows = (
        signal("text", "differs", 0.2),
        signal("tools", "no difference seen", -0.1, low=None),
        signal("length", "no difference seen", None),
    )
    made = page(card("p", DIFFERS, signals=rows))
    assert text(made, "Excess, 95 %", "Pairs") == "-10points+30"
    assert re.findall(r'class="interval" d="(.*?)"/><path class="dot" d="(.*?)"', made) == [
        ("M625.0 12H875.0", "M750.0 12h0"),
        ("M0.0 12H125.0", "M0.0 12h0"),
        ("M250.0 12H250.0", "M250.0 12h0"),
    ]
    assert set(re.findall(r'class="band" x="(.*?)" y="0" width="(.*?)"', made)) == {("175.0", "150.0")}


def test_signal_of_the_verdict_leads_to_its_evidence_and_another_one_to_the_pairs_that_differ(page):
    rows = (signal("arguments", "differs", 0.3), signal("refusal_rate", "no difference seen", 0.0))
    links = Reading(page(card("p", DIFFERS, signals=rows))).addresses
    assert {link for link in links if "signal=" in link} == {
        "/pairs?provider=p&model=m&signal=arguments&since=24h",
        "/pairs?provider=p&model=m&signal=refusal_rate&state=differ&since=24h",
    }
    reasoned = verdict(VerdictWord.DIFFERS, "differs", reason("refusal_rate"))
    links = Reading(page(card("p", reasoned, signals=rows))).addresses
    assert "/pairs?provider=p&model=m&signal=refusal_rate&since=24h" in links


@pytest.mark.parametrize(
    ("differs", "pairs", "named"),
    [
        (True, "/pairs?provider=p&model=m&since=7d", "Show the evidence"),
        (False, "/pairs?provider=p&model=m&since=7d&show=all", "Show the pairs"),
    ],
)
def test_links_keep_the_period_and_the_model(page, differs, pairs, named):
    made = page(card("p", DIFFERS if differs else QUIET), query={"since": "7d", "model": "m"})
    links = Reading(made).addresses
    assert {pairs, "/answers?provider=p&model=m&since=7d", "?since=1h&model=m", "?since=all&model=m"} <= links
    assert named in text(made)
    assert "last 7d" in text(made)
    assert "400 requests, 200 also sent to the reference, 150 compared." in text(made)


def test_model_in_the_address_leaves_the_others_out(page):
    cards = (card("p", DIFFERS, model="a"), card("p", QUIET, model="b"), card("q", QUIET, model="b"))
    assert re.findall(r"<h1>(.*?) <", page(*cards)) == ["p", "p"]
    assert text(page(*cards, query={"model": "b"}), "all as of 15 Nov 22:13:20 UTC", "Signals").startswith("p b against official")
    assert "No requests of this model in this period." in text(
        page(*cards, query={"model": "c"}, providers={"p": {"base_url": "http://a.example/v1"}})
    )


def test_only_signals_that_no_pair_has_are_missing(page):
    gaps = (gap("seed"), gap("logprobs", pairs=199), gap("stop", "not_comparable"))
    assert (
        text(page(card("p", QUIET, gaps=gaps)), "Why", "Faults")
        == "2 signals in no pairseed: not measuredstop ignored: not comparable"
    )


def pair_times(seconds, *, provider="p", model="m", reference="official", first=(0.5, 0.25), started=SINCE):
    group = PairGroup(route="default", model=model, provider=provider, reference=reference)
    return PairTimes(group=group, started=started, first_chunk=(None, 0.1), first_token=first, seconds=seconds)


def test_times_are_the_medians_of_the_pairs_in_which_both_sides_were_measured(page):
    own = [pair_times((3.0, 2.0))] * 10 + [pair_times((9.0, 2.0))] * 9 + [pair_times((1.0, 2.0), first=(None, 0.25))]
    others = [pair_times((99.0, 1.0), **{name: "other"}) for name in ("provider", "model", "reference")] * 30
    shown = text(page(card("p", QUIET), times=[*others, *own]), "Speed", "Speed never")
    assert shown == "Median of the newest pairsProviderReferenceRatio whole answer 20 pairs3.000 s2.000 s1.5x"
    started = [pair_times((3.0, 0.0))] * 21
    shown = text(page(card("p", QUIET), times=started), "Speed", "Speed never")
    assert shown.endswith("first token 21 pairs0.500 s0.250 s2.0xwhole answer 21 pairs3.000 s0.000 s0.0x")


@pytest.mark.parametrize(("pairs", "cut"), [(1_999, ""), (2_000, " among the newest 2,000 pairs of all providers")])
def test_times_of_two_thousand_pairs_are_those_of_the_newest_ones(page, pairs, cut):
    shown = text(page(card("p", QUIET), times=[pair_times((1.0, 1.0), provider="q")] * pairs), "Speed", "Speed never")
    assert shown == f"Fewer than 20 pairs with times of both sides{cut}."


def standing(provider="p", model="m", reference="official", since=None, **more):
    """A line of drift, or of a pace, as far as the page shows it."""
    values = {"sentence": "", "earliest": None, "latest": None, "blame_why": "", "facts": (), "requests": (), "upstream": ""}
    who = {"provider": provider, "model": model, "reference": reference}
    return SimpleNamespace(**{**values, **who, "since": since, "measure": "first_token", **more})


def test_drift_and_slower_paces_are_those_of_the_provider_model_and_reference(page):
    others = [standing(**{name: "other"}, since=SINCE, sentence="of another") for name in ("provider", "model", "reference")]
    drift = [*others, standing(sentence="drifts", blame_why="why", facts=("a", "b", "c", "d"), requests=("streams", "tools"))]
    made = page(card("p", QUIET), drift=drift, paces=[*others[:2], standing(), standing(since=SINCE)])
    assert "drifts; why; a; b; c; most in streams." in text(made)
    assert "of another" not in text(made)
    assert re.findall(r"Slower than its own past in (.*?)\.", text(made)) == ["first token since 14 Nov 22:13 UTC"]


@pytest.mark.parametrize(
    ("of", "figures", "acts", "offered"),
    [
        (DIFFERS, {}, True, True),
        (DIFFERS, {}, False, False),
        (QUIET, {}, True, False),
        (QUIET, {"drift": [standing(), standing(provider="q", since=1.0)]}, True, False),
        (QUIET, {"drift": [standing(), standing(since=1.0)]}, True, True),
        (QUIET, {"paces": [standing(), standing(model="n", since=1.0)]}, True, False),
        (QUIET, {"paces": [standing(), standing(since=1.0)]}, True, True),
    ],
)
def test_a_provider_with_an_alarm_can_be_acknowledged_where_the_page_may_act(page, of, figures, acts, offered):
    shown = page(card("p", of), acts=acts, **figures)
    assert ("Acknowledge or mute" in text(shown)) is offered
    assert ('action="/providers/p/actions"' in shown) is offered


def course(differing):
    group = PairGroup(route="default", model="m", provider="p", reference="official")
    return [
        CoursePoint(group=group, signal="arguments", began=SINCE + 3_600 * place, seconds=3_600.0, differs=differs,
                    compared=40, own_differs=0, own_compared=0)
        for place, differs in enumerate(differing)
    ]  # fmt: skip


def changed(provider, model, hours, *, previous="x", number=0):
    row = IdentityRow(
        exchange_id=f"{provider}{model}{hours}{number}", started=SINCE + 3_600 * hours, provider=provider, model=model,
        identity=f"y{number}", previous=previous, changes="[]", facts="{}",
    )  # fmt: skip
    return exchange_record(row.exchange_id)._replace(tool_calls=(), findings=(), identities=(row,))


def test_course_has_a_flag_for_each_change_of_its_own_server_and_the_start_of_its_difference(page, sqlite_store):
    for record in (changed("p", "m", 1), changed("p", "m", 0, previous=""), changed("q", "m", 2), changed("p", "n", 3)):
        sqlite_store.add_exchange(record)
    assert sqlite_store.flush(20)
    of = replace(DIFFERS, since=SINCE + 7_200)
    drawn = card("p", of, signals=(signal("arguments", "differs", 0.3),))
    made = page(drawn, courses={("p", "m", "official"): course([0, 4, 40, 40])})
    assert re.findall(r'class="flag" d="M(\d+)', made) == ["250"]
    assert re.findall(r'class="since" d="M(\d+)', made) == ["500"]
    assert re.findall(r'class="line" d="(.*?)"', made) == ["M0 200H250V180H500V0H750V0H1000"]
    assert "tool arguments: share of pairs that differ" in text(made)
    assert "course" not in page(card("p", of), courses={("q", "m", "official"): course([0, 4])}).partition("<main")[2]


@pytest.mark.slow
@pytest.mark.parametrize(("later", "flags"), [(199, ["250"]), (200, [])])
def test_flags_are_drawn_of_the_newest_two_hundred_identities_of_all_providers(page, sqlite_store, later, flags):
    sqlite_store.add_exchange(changed("p", "m", 1))
    for number in range(later):
        sqlite_store.add_exchange(changed("q", "m", 2, number=number))
    assert sqlite_store.flush(20)
    made = page(card("p", DIFFERS), courses={("p", "m", "official"): course([0, 4, 40, 40])})
    assert re.findall(r'class="flag" d="M(\d+)', made) == flags


def test_course_that_is_zoomed_has_up_to_two_hundred_and_forty_steps(page, sqlite_store):
    """Steps of 10 s for 2,400 s, of which twenty are drawn as one, because they have hardly a pair."""
    for started in (SINCE, SINCE + 2_400):
        add_pair(sqlite_store, "p", "Hello", "Goodbye", started=started)
    assert sqlite_store.flush(20)
    of = card("p", QUIET, model="pretend-small")
    points = {("p", "pretend-small", "official"): course([0, 40])}
    [shown] = re.findall(r'data-course="(.*?)"', page(of, courses=points))
    at = json.loads(shown.replace("&#34;", '"'))["at"]
    assert [moment - SINCE for moment in at] == pytest.approx([0, 200, 2_200, 2_400], abs=0.01)


@pytest.mark.parametrize(("actions", "shown"), [(20, 0), (21, 1)])
def test_the_newest_twenty_actions_of_operators_are_shown(page, sqlite_store, actions, shown):
    for number in range(actions):
        act = {"at": NOW + number, "action": "fixed", "by": f"operator {number}.", "why": "so", "until": 0.0, "result": "done"}
        sqlite_store.note_action(OperatorActionRow(provider="p", model="", **act))
    found = re.findall(r"operator (\d+)\.", text(page(card("p", QUIET)), "Operator actions"))
    assert found == [str(number) for number in range(actions - 1, shown - 1, -1)]


def test_cost_is_of_the_answers_to_the_application_and_of_this_provider_and_model_alone(page):
    priced = {"base_url": "http://a.example/v1", "price_input": 1.0, "price_output": 1.0}
    rows = [summed(), summed(provider="q"), summed("shadow"), summed()._replace(model="n")]
    made = page(card("p", QUIET), token_sums=rows, providers={"p": priced, "q": priced})
    assert text(made, "Cost", "Speed") == "10.71 for 9 answers at the configured prices."
    assert text(page(card("p", QUIET), token_sums=rows[1:]), "Cost", "Speed") == "No answer of the period is billed."


def counted(sentence, **who):
    values = {"provider": "p", "model": "m", "reference": "official", "side": "prompt", "state": "same", "share": None}
    return SimpleNamespace(**{**values, **who, "sentence": sentence})


def test_token_counts_are_those_against_this_reference(page):
    others = [counted("other", **{name: "other"}) for name in ("provider", "model", "reference")]
    shown = text(page(card("p", QUIET), token_counts=[*others, counted("prompts: the same")]), "Token counts", "Counted for")
    assert shown == "prompts: the same."


def test_bug_report_is_about_the_newest_pair_that_is_evidence(page, sqlite_store):
    pairs = [("p", "m", "Oslo", "Bergen"), ("p", "m", "Oslo", "Bergen"), ("p", "m", "Oslo", "Oslo"), ("p", "n", "Oslo", "Bergen"),
             ("q", "m", "Oslo", "Bergen")]  # fmt: skip
    ids = [
        add_pair(sqlite_store, name, calling(mine), calling(its), calling(its), model=model, started=SINCE + 10 * place)
        for place, (name, model, mine, its) in enumerate(pairs)
    ]
    assert sqlite_store.flush(20)
    links = Reading(page(card("p", DIFFERS), query={"since": "7d"})).addresses
    assert [link for link in links if "/report" in link] == [f"/pairs/{ids[1]}/report?since=7d"]
    assert "bug report" not in text(page(card("p", DIFFERS), since=SINCE + 11))
    assert "bug report" not in text(page(card("p", QUIET)))


def test_provider_that_is_recorded_beside_others_is_known_in_every_period_and_another_name_is_not(sqlite_store):
    for name in ("near", "far"):
        add_live(sqlite_store, name, started=NOW - 9_000)
    assert sqlite_store.flush(20)
    provider = PageSet(sqlite_store, Config(), CollectorRegistry(), now=lambda: NOW).provider
    assert [provider.page(name, {"since": "1h"}) is None for name in ("near", "far", "neat")] == [False, False, True]
    assert provider.absent("neat") == "no provider is named 'neat'; did you mean 'near'?  (known: far, near)"


@pytest.mark.parametrize(("others", "named"), [(19, True), (20, False)])
def test_twenty_providers_are_named_where_an_address_names_none_of_them(sqlite_store, others, named):
    providers = {f"a{number:02}": {"base_url": "https://example.com/v1"} for number in range(others)}
    add_live(sqlite_store, "zebra")
    assert sqlite_store.flush(20)
    config = Config.model_validate({"proxy": {"providers": providers}})
    sentence = PageSet(sqlite_store, config, CollectorRegistry()).provider.absent("nobody")
    assert sentence.startswith("no provider is named 'nobody'  (known: a00, a01,")
    assert ("zebra" in sentence) is named


def test_the_newest_200_changes_of_identity_and_20_actions_are_read_and_courses_in_240_steps(sqlite_store):
    reader = MostRows(sqlite_store)
    config = Config.model_validate({"proxy": {"providers": {"p": {"base_url": "http://127.0.0.1:1/v1"}}}})
    pages = PageSet(reader, config, CollectorRegistry(), now=lambda: UNTIL)
    assert pages.provider.page("p", {}, EMPTY)
    assert [reader.most[name] for name in ("identities", "actions", "course")] == [[200, 1_000], [20], [240]]
