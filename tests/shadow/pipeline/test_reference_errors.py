"""What references refused, worded at most once a minute."""

import pytest

from shadow.pipeline.reference_errors import CANDIDATE, ReferenceErrors, refusal


def noted(*statuses, reference="maker") -> ReferenceErrors:
    errors = ReferenceErrors()
    for status in statuses:
        errors.note(reference, status)
    return errors


def test_first_refusal_is_worded_at_once_with_its_remedy():
    remedy = "its key is missing or wrong: see the variable that api_key_env names"
    assert noted(401).due(0.0) == [f"the reference maker refused 1 of 1 shadow requests: 401; {remedy}"]


def test_answers_without_a_refusal_are_not_worded():
    assert noted(200, 204, None).due(0.0) == []


def test_second_sentence_waits_a_minute_and_counts_what_came_meanwhile():
    errors = noted(401)
    errors.due(100.0)
    for status in (200, 401, 401):
        errors.note("maker", status)
    assert errors.due(159.9) == []
    assert errors.due(160.0)[0].startswith("the reference maker refused 2 of 3 shadow requests: 401;")


def test_the_most_frequent_status_is_named():
    assert ": 404;" in noted(401, 404, 404, 500).due(0.0)[0]


def test_each_reference_has_its_own_sentence():
    errors = noted(401, reference="b")
    errors.note("a", 404)
    assert [sentence.split()[2] for sentence in errors.due(0.0)] == ["a", "b"]


@pytest.mark.parametrize(
    ("status", "remedy"),
    [
        (400, "`sameweights pairs --signal parameters` shows them"),
        (401, "see the variable that api_key_env names"),
        (402, "its account has no credit"),
        (403, "its key may not use this model, or not from here"),
        (404, "`models` renames a model for one provider"),
        (422, "`sameweights pairs --signal parameters` shows them"),
        (429, "lower shadow.sample_rate or shadow.concurrency"),
        *((status, "the error is on its side") for status in (405, 421, 423, 428, 430, 500, 503)),
    ],
)
def test_each_known_status_states_what_to_do_and_the_others_that_the_error_is_the_servers(status, remedy):
    assert refusal("maker", 1, 2, status).endswith(remedy)


def test_a_status_of_the_reference_itself_is_its_own_fault():
    assert refusal("maker", 1, 2, 503) == "the reference maker refused 1 of 2 shadow requests: 503; the error is on its side"


def test_the_repr_of_reference_errors_shows_their_counts():
    assert repr(noted(401, 200)) == "ReferenceErrors({'maker': (2, {401: 1})})"


def test_reference_counts_as_reached_once_it_answered_or_failed():
    errors = noted(200, reference="a")
    errors.note("b", None)
    assert errors.heard == {"a", "b"}


def test_candidate_is_called_one():
    errors = ReferenceErrors()
    errors.note("north", 429, side=CANDIDATE)
    [sentence] = errors.due(0.0)
    assert sentence.startswith("the candidate north refused 1 of 1 shadow requests: 429; ")


@pytest.mark.parametrize(("status", "worded"), [(399, False), (400, True)])
def test_status_from_400_on_is_a_refusal(status, worded):
    assert bool(noted(status).due(0.0)) is worded


def test_every_answer_is_counted_and_names_are_heard_once_they_answered_or_failed():
    errors = noted(200, None, 401)
    errors.note("north", None, side=CANDIDATE)
    assert errors.heard == {"maker", "north"}
    assert repr(errors) == "ReferenceErrors({'maker': (3, {401: 1}), 'north': (1, {})})"
    assert errors.due(0.0)[0].startswith("the reference maker refused 1 of 3 shadow requests: 401;")
