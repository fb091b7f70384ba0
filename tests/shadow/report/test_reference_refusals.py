"""A reference that gives nothing to compare with: from which share on it is stated, in which words, and where."""

from dataclasses import replace

import pytest

from shadow.report.figures import IncomparableReason, Report
from shadow.report.period_records import read_records
from shadow.report.reference_refusals import provider_refusals, refusing_reference_lines
from shadow.report.report_text import render
from tests.most_rows import MostRows
from tests.shadow.report.test_figures import CARD

NO_WHOLE = "the reference returned no complete response"
KEY = f"{NO_WHOLE} (denied): status 401"


def card(reasons, pairs=6, **changes):
    found = tuple(IncomparableReason(reason=reason, pairs=count) for reason, count in reasons.items())
    return replace(CARD, pairs=pairs, compared=pairs - sum(reasons.values()), reasons=found, **changes)


def test_a_reference_that_refused_everything_is_stated_with_its_status_and_what_to_do():
    [line] = refusing_reference_lines([card({KEY: 6})])
    assert line.state == "refusing"
    assert line.headline == (
        "the reference r (m) refused 6 of 6: 401; its key is missing or wrong: see the variable that api_key_env names"
    )


@pytest.mark.parametrize(("refused", "pairs", "told"), [(3, 6, True), (3, 7, False), (1, 1, True), (0, 0, False)])
def test_a_refusing_reference_is_reported_from_half_of_the_pairs_on(refused, pairs, told):
    found = refusing_reference_lines([card({KEY: refused} if refused else {}, pairs)])
    assert [line.state for line in found] == ["refusing"] * told


@pytest.mark.parametrize(
    ("reason", "state", "words"),
    [
        ("(denied): status 429", "refusing", "refused 6 of 6: 429; it limits the rate or the quota"),
        (
            "(failed): error 404 model_not_found: no",
            "refusing",
            "refused 6 of 6: 404; its base_url is wrong, or",
        ),
        ("(failed): error 500 oops: no", "unusable", "gave no answer for 6 of 6: the reference answered with status 500 in 6"),
        ("(failed): connect: refused", "unusable", "gave no answer for 6 of 6: the reference could not be reached in 6"),
    ],
)
def test_each_cause_has_its_words(reason, state, words):
    [line] = refusing_reference_lines([card({f"{NO_WHOLE} {reason}": 6})])
    assert line.state == state
    assert line.sentence.startswith(words)


def test_what_a_reference_wrote_is_not_in_the_sentence():
    [line] = refusing_reference_lines([card({f"{NO_WHOLE} (denied): status 401: the key sk-secret is wrong": 6})])
    assert "sk-secret" not in line.headline


def test_providers_of_one_reference_and_model_add_up_and_what_providers_refuse_is_theirs():
    other = card({KEY: 1, "the provider returned no complete response (denied): status 401": 5}, provider="q")
    [line] = refusing_reference_lines([card({KEY: 6}), other])
    assert line.sentence.startswith("refused 7 of 12: 401")
    assert refusing_reference_lines([other]) == ()


def test_the_text_states_it_once_above_the_verdicts():
    refused = card({KEY: 6})
    report = Report(since=0, until=1, cards=(refused,), latency=(), traffic=(), references=refusing_reference_lines([refused]))
    text = render(report, width=100, color=False)
    assert "!  the reference r (m) refused 6 of 6: 401; its key is missing or wrong" in text
    assert text.index("refused 6 of 6") < text.index("no difference seen")


def test_a_reference_that_is_called_reference_is_not_named_twice():
    [line] = refusing_reference_lines([card({KEY: 6}, reference="reference")])
    assert line.headline.startswith("the reference (m) refused 6 of 6: 401")


@pytest.mark.parametrize(("refused", "served", "told"), [(3, 3, True), (3, 4, False), (1, 0, True), (0, 5, False)])
def test_a_provider_is_reported_to_refuse_from_half_of_its_newest_requests_on(refused, served, told):
    found = provider_refusals([("p", "m", "r", 401, refused), ("p", "m", "r", 200, served)])
    assert list(found) == [("p", "m")] * told


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "the provider refused 5 of its newest 5 requests: 401; its key is missing or wrong: the client's own goes through"),
        (404, "the provider refused 5 of its newest 5 requests: 404; its base_url or the name of the model is wrong"),
        (418, "the provider refused 5 of its newest 5 requests: 418; it does not accept these requests as they are"),
    ],
)
def test_each_refusal_of_a_provider_has_what_to_do(status, words):
    assert provider_refusals([("p", "m", "", status, 5)])["p", "m"].startswith(words)


def test_a_provider_that_fails_without_a_status_or_with_5xx_refuses_nothing():
    assert provider_refusals([("p", "m", "r", 500, 5), ("p", "m", "r", 0, 5)]) == {}


@pytest.mark.parametrize(("refused", "answered", "stated"), [(3, 3, True), (3, 4, False), (1, 0, True)])
def test_a_provider_that_refused_half_of_its_requests_is_stated(refused, answered, stated):
    ended = [("p", "m", "r", 401, refused), ("p", "m", "r", 200, answered), ("q", "m", "r", 200, 9)]
    assert set(provider_refusals(ended)) == ({("p", "m")} if stated else set())


@pytest.mark.parametrize(("status", "refusal"), [(399, False), (400, True), (499, True), (500, False), (0, False)])
def test_a_refusal_is_a_status_from_400_to_499(status, refusal):
    assert bool(provider_refusals([("p", "m", "r", status, 9)])) is refusal


def test_statuses_of_a_provider_are_listed_the_most_frequent_first_with_its_remedy():
    ended = [("p", "m", "r", 403, 1), ("p", "m", "s", 401, 1_000), ("p", "m", "r", 401, 199), ("p", "m", "r", 200, 1)]
    assert provider_refusals(ended)["p", "m"] == (
        "the provider refused 1,200 of its newest 1,201 requests: 401, 403; its key is missing or wrong: the client's own goes "
        "through, unless `api_key_env` names another"
    )
    assert provider_refusals([("p", "m", "r", 418, 1)])["p", "m"] == (
        "the provider refused 1 of its newest 1 request: 418; it does not accept these requests as they are"
    )


def test_a_reference_that_fails_more_than_it_refuses_is_unusable():
    failed = f"{NO_WHOLE} (failed): error 500 oops"
    [line] = refusing_reference_lines([card({failed: 4, KEY: 3}, pairs=1_400), card({failed: 900}, pairs=1)])
    assert line.state == "unusable"
    assert line.sentence.startswith("gave no answer for 907 of 1,401: the reference answered with status 500 in 904; ")
    [refusing] = refusing_reference_lines([card({failed: 3, KEY: 4}, pairs=8)])
    assert refusing.sentence.startswith("refused 4 of 8: 401; ")


@pytest.mark.parametrize(("status", "state"), [(399, "unusable"), (400, "refusing"), (499, "refusing"), (500, "unusable")])
def test_a_reference_that_refuses_is_one_of_statuses_from_400_to_499(status, state):
    [line] = refusing_reference_lines([card({f"{NO_WHOLE} (failed): error {status} oops": 6})])
    assert line.state == state


def test_refusals_of_a_provider_are_searched_among_its_newest_2_000_requests(sqlite_store):
    reader = MostRows(sqlite_store)
    read_records(reader, 0.0, 1e9)
    assert reader.most["response_statuses"] == [2_000]
