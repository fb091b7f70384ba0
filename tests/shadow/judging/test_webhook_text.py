"""The text, the identity and the signature of a webhook event, as a receiver reads them."""

import hashlib
import hmac
import json
from dataclasses import replace
from itertools import accumulate

import pytest

from shadow.judging.webhook import PAUSES, TIMEOUT, signed, subject, text, webhook_event
from storage.judgement_rows import AlarmRow
from storage.rows import PairGroup

GROUP = PairGroup(route="default", model="m", provider="p", reference="r")
ALARM = AlarmRow(at=7.0, pair_id="p1", group=GROUP, old="ok", new="drift", name="arguments", details="{}")


def test_an_alarm_without_further_details_is_one_sentence_about_the_provider():
    assert text(ALARM) == "sameweights: p serving m on route default is now drift (arguments), was ok."
    assert subject(ALARM) == "provider"


def test_states_of_two_words_are_written_as_two_words_and_an_alarm_without_a_name_has_no_parentheses():
    ended = replace(ALARM, old="not_measured", new="recovered", name="")
    assert text(ended) == "sameweights: p serving m on route default is now recovered, was not measured."


def test_an_alarm_of_a_server_behind_a_router_names_both():
    assert "x behind p serving m" in text(replace(ALARM, group=replace(GROUP, upstream="x")))


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("steady", "slower", " 40% of its answers take longer than nine of ten did. That is about its speed, not its content."),
        ("slower", "recovered", ""),
    ],
)
def test_only_a_slower_pace_states_its_share_of_slow_answers(old, new, sentence):
    pace = replace(GROUP, route="", reference="")
    row = replace(ALARM, group=pace, old=old, new=new, name="first_token", details='{"share": 0.4}')
    assert text(row) == f"sameweights: p serving m is now {new} (first_token), was {old}.{sentence}"


def test_a_pace_stored_without_its_share_is_reported_all_the_same():
    row = replace(ALARM, group=replace(GROUP, route="", reference=""), old="steady", new="slower", name="token")
    assert " 0% of its answers" in text(row)


def test_characters_that_a_chat_takes_for_markup_are_escaped_in_names():
    assert "&lt;!here&gt; &amp; co" in text(replace(ALARM, group=replace(GROUP, model="<!here> & co")))


def test_an_event_holds_the_group_the_states_and_the_details_as_they_were_stored():
    row = replace(ALARM, group=replace(GROUP, upstream="x"), details='{"verdict": "differs", "by": "q"}')
    event = json.loads(webhook_event(row, "json").body)
    assert event.pop("text").startswith("sameweights: ")
    assert event == {
        "schema": "sameweights.alarm/2",
        "state": "drift",
        "previous": "ok",
        "name": "arguments",
        "subject": "provider",
        "verdict": "differs",
        "route": "default",
        "model": "m",
        "provider": "p",
        "reference": "r",
        "upstream": "x",
        "at": 7.0,
        "pair_id": "p1",
        "details": {"verdict": "differs", "by": "q"},
    }


CHANGES = [{"pair_id": "p2"}, {"new": "recovered"}, {"old": "suspect"}, {"name": "text"}]
PLACES = [{"route": "b"}, {"model": "n"}, {"provider": "q"}, {"reference": "s"}, {"upstream": "x"}]


@pytest.mark.parametrize(
    "other",
    [*(replace(ALARM, **change) for change in CHANGES), *(replace(ALARM, group=replace(GROUP, **place)) for place in PLACES)],
    ids=lambda row: f"{row.pair_id} {row.old} {row.new} {row.name} {row.group.upstream or row.group.route}",
)
def test_each_change_of_state_is_a_delivery_of_its_own(other):
    assert webhook_event(other, "json").delivery != webhook_event(ALARM, "json").delivery


def test_a_change_that_is_stored_again_at_another_time_is_the_same_delivery_of_32_digits():
    again = webhook_event(replace(ALARM, at=9.0, details='{"by": "q"}'), "json").delivery
    assert again == webhook_event(ALARM, "json").delivery
    assert len(again) == 32
    assert int(again, 16)


def test_a_signature_is_over_the_whole_second_a_full_stop_and_the_body():
    event = webhook_event(ALARM, "json")
    headers = signed(event, b"key", 1_790_000_000.9)
    digest = hmac.new(b"key", b"1790000000." + event.body, hashlib.sha256).hexdigest()
    assert headers == {
        "X-Sameweights-Delivery": event.delivery,
        "X-Sameweights-Timestamp": "1790000000",
        "X-Sameweights-Signature": f"sha256={digest}",
    }


def test_a_receiver_that_is_away_is_called_again_for_a_quarter_of_an_hour():
    """After so many seconds of pauses, and with six calls of which each may take ten seconds."""
    assert [*accumulate(PAUSES)] == [1, 6, 36, 156, 756]
    assert sum(PAUSES) + (len(PAUSES) + 1) * TIMEOUT.total == 816
