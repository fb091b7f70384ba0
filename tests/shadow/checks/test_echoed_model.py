import pytest

from shadow.checks.echoed_model import CHANGES, changed_alias, echoed_model, serving_change
from shadow.findings.finding import FindingState
from tests.shadow.compare.made import ask, choice, completion, parts


@pytest.mark.parametrize(
    ("asked", "named", "state"),
    [
        ("gpt-4o", "gpt-4o", FindingState.MATCH),
        ("gpt-4o", "gpt-4o-2024-08-06", FindingState.MATCH),
        ("gpt-4-0613", "gpt-4-0613", FindingState.MATCH),
        ("gpt-4-0613", "gpt-4-0314", FindingState.DIFFER),
        ("gpt-4o", "gpt-4o-mini", FindingState.DIFFER),
        ("moonshotai/Kimi-K2-Instruct", "accounts/x/models/kimi-k2-instruct", FindingState.MATCH),
        ("llama-3.3-70b:free", "meta-llama/Llama-3.3-70B", FindingState.MATCH),
        ("qwen3:8b", "qwen3-8b", FindingState.MATCH),
        ("qwen3-4b-q8_0", "qwen3-4b-q8_0.gguf", FindingState.MATCH),
        ("qwen3-32b", "qwen3-32b-awq", FindingState.DIFFER),
        ("deepseek-v3", "deepseek-v2", FindingState.DIFFER),
        ("x", "", FindingState.NOT_MEASURED),
        ("openrouter/auto", "gpt-4o", FindingState.NOT_MEASURED),
        ("", "gpt-4o", FindingState.NOT_MEASURED),
        ("model-router", "gpt-4.1-nano", FindingState.NOT_MEASURED),
        ("prod-chat", "gpt-4o-2024-08-06", FindingState.NOT_MEASURED),
    ],
)
def test_requested_model_answers(asked, named, state):
    found = echoed_model(ask(model=asked), completion(choice("a"))._replace(model=named))
    assert found.state is state


def test_a_name_of_any_length_is_taken_apart():
    for name in ("m" * 150, "m" * 5_000):
        for asked, state in ((f"router/{name}-2", FindingState.MATCH), (f"{name}-3", FindingState.DIFFER)):
            assert echoed_model(ask(model=asked), completion(choice("a"))._replace(model=f"{name}-2")).state is state


def test_a_name_of_the_providers_own_is_judged_by_the_names_that_answered_to_it_before():
    said = completion(choice("a"))._replace(model="gpt-4o-2024-08-06")
    found = echoed_model(ask(model="prod-chat"), said)
    assert changed_alias(found, said, ()) == found
    assert changed_alias(found, said, ("gpt-4o-2024-05-13", "gpt-4o-2024-08-06")).state is FindingState.MATCH
    changed = changed_alias(found, said, ("gpt-4.1-mini",))
    assert changed.state is FindingState.DIFFER
    assert changed.reason == "'gpt-4o-2024-08-06' answers, where 'gpt-4.1-mini' did since the first answer"


def test_comparable_names_are_never_an_alias():
    said = completion(choice("a"))._replace(model="gpt-4o-mini")
    found = echoed_model(ask(model="gpt-4o"), said)
    assert changed_alias(found, said, ("gpt-4o-mini",)) == found
    assert found.state is FindingState.DIFFER


@pytest.mark.parametrize("note", CHANGES)
def test_a_stream_that_changes_its_serving_identity_differs(note):
    said = completion(choice("a"))
    assert serving_change(ask(), said).state is FindingState.MATCH
    assert serving_change(ask(), said._replace(notes=(note,))).reason == note
    assert serving_change(ask(), said._replace(stream=False)).state is FindingState.NOT_MEASURED


def test_of_the_names_that_answered_before_three_are_stated():
    said = completion(choice("a"))._replace(model="other-model")
    alias = echoed_model(ask(model="my-alias"), said)
    found = changed_alias(alias, said, ["d-model", "c-model", "b-model", "a-model"])
    assert found.reference == "'a-model', 'b-model', 'c-model'"


@pytest.mark.parametrize(
    ("asked", "named", "expected"),
    [
        ("gpt-4o", "gpt-4o-2024-08-06", ("match", 1.0, "gpt-4o-2024-08-06", "gpt-4o", "")),
        ("gpt-4o", "gpt-4", ("differ", 0.0, "gpt-4", "gpt-4o", "'gpt-4o' was requested, 'gpt-4' answers")),
        ("gpt-4o", "", ("not_measured", None, "", "", "the answer names no model")),
        ("router/AUTO", "gpt-4", ("not_measured", None, "", "", "the request names no particular model")),
        (
            *("prod-chat", "gpt-4"),
            (
                *("not_measured", None, "", ""),
                "'prod-chat' is a name of the provider's own, and 'gpt-4' answers: only a change of it would be a fault",
            ),
        ),
    ],
)
def test_finding_on_the_model_states_what_answered_and_what_was_requested(asked, named, expected):
    found = echoed_model(ask(model=asked), completion(choice("a"))._replace(model=named))
    assert parts(found) == ("echoed_model", *expected)


@pytest.mark.parametrize(("length", "quoted"), [(78, "'gpt-{}'"), (79, "'gpt-{}…")])
def test_names_of_models_are_quoted_by_eighty_characters(length, quoted):
    long = "gpt-" + "4" * (length - 4)
    shown = quoted.format("4" * 74)
    said = completion(choice("a"))._replace(model=long)
    assert echoed_model(ask(model="claude-4"), said).reason == f"'claude-4' was requested, {shown} answers"
    back = completion(choice("a"))._replace(model="claude-4")
    assert echoed_model(ask(model=long), back).reason == f"{shown} was requested, 'claude-4' answers"


def test_name_that_answered_before_matches_by_its_likeness_and_is_stated():
    said = completion(choice("a"))._replace(model="gpt-4o-2024-08-06")
    alias = echoed_model(ask(model="prod-chat"), said)
    same = changed_alias(alias, said, ["gpt-4o"])
    assert parts(same) == ("echoed_model", "match", 1.0, "gpt-4o-2024-08-06", "", "")
    other = changed_alias(alias, said, ["gpt-4.1", "claude-4"])
    reason = "'gpt-4o-2024-08-06' answers, where 'claude-4', 'gpt-4.1' did since the first answer"
    assert parts(other) == ("echoed_model", "differ", 0.0, "gpt-4o-2024-08-06", "'claude-4', 'gpt-4.1'", reason)


def test_changes_within_a_stream_are_counted_and_listed():
    said = completion(choice("a"))
    found = serving_change(ask(), said._replace(notes=("something else", *CHANGES)))
    assert parts(found) == ("serving_change", "differ", 0.0, "3 changes", "", "; ".join(CHANGES))
    assert parts(serving_change(ask(), said)) == ("serving_change", "match", 1.0, "0 changes", "", "")
    assert serving_change(ask(), said._replace(stream=False)).reason == "a whole answer names its server once"


@pytest.mark.parametrize(
    ("asked", "named", "alone", "later"),
    [
        ("claude", "claude-4", FindingState.MATCH, FindingState.MATCH),
        ("claude-4", "claude", FindingState.NOT_MEASURED, FindingState.DIFFER),
    ],
)
def test_name_that_was_known_first_leaves_open_what_it_does_not_state(asked, named, alone, later):
    said = completion(choice("a"))._replace(model=named)
    assert echoed_model(ask(model=asked), said).state is alone
    assert changed_alias(echoed_model(ask(model="prod-chat"), said), said, [asked]).state is later


@pytest.mark.parametrize(("length", "end"), [(78, "x'"), (79, "x…")])
def test_names_of_an_alias_are_quoted_by_eighty_characters(length, end):
    now, before = "gpt-4".ljust(length, "x"), "claude-4".ljust(length, "x")
    said = completion(choice("a"))._replace(model=now)
    found = changed_alias(echoed_model(ask(model="prod-chat"), said), said, [before])
    shown = (f"'{name[:77]}{end}" for name in (now, before))
    assert found.reason == "{} answers, where {} did since the first answer".format(*shown)
