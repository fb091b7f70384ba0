"""The normal form itself."""

from __future__ import annotations

from shadow.reading.completion import Choice, Completion, UnreadReason


def test_the_first_choice_is_the_one_that_is_compared():
    choices = tuple(
        Choice(
            index=index,
            text=text,
            reasoning=None,
            reasoning_field="",
            refusal=None,
            tool_calls=(),
            finish_reason="stop",
            logprobs=None,
            pieces=(text,),
        )
        for index, text in enumerate("ab")
    )
    said = Completion(id="", model="", fingerprint="", stream=False, choices=choices, usage=None, notes=())
    assert said.first.text == "a"


def test_reasons_can_be_metric_labels():
    assert all(reason.value.replace("_", "").isalpha() and reason.value.islower() for reason in UnreadReason)
