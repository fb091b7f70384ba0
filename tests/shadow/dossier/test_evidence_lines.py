"""A pair as a line of a dossier."""

import json

import pytest

from shadow.dossier.dossier_bundle import FILES, write_dossier
from shadow.dossier.evidence_lines import without_conversation
from tests.exchanges import asked
from tests.records import NOW, add_pair, calling

pytestmark = pytest.mark.slow
NAMES = {"session_id": "own-session", "conversation": {"id": "own-thread"}}


@pytest.fixture
def named(store):
    """Two pairs of each of some conversations, which are named by header, target and body."""
    for number in range(24):
        talk = f"talk-of-{number // 2}"
        own = {"sent_headers": (("x-sameweights-conversation", talk), ("x-own", "own-field")), "tag": "own-tag"}
        body = asked(f"Weather? {number}", **NAMES, metadata={"chat": talk})
        answers = (calling("Oslo"), calling("Quito"), calling("Quito"))
        add_pair(store, "p", *answers, conversation=talk, request=body, target="/v1/chat/completions?chat=own-query", **own)
    assert store.flush(20)
    return store


@pytest.mark.parametrize("with_text", [True, False])
def test_dossier_has_numbers_for_conversations_and_no_name_of_the_application(named, tmp_path, with_text):
    write_dossier(named, "p", (0.0, NOW + 60), tmp_path / "d", version="1", with_text=with_text)
    for name in FILES:
        text = (tmp_path / "d" / name).read_text(encoding="utf-8")
        for own in ("talk-of", "own-session", "own-thread", "own-field", "own-query", "own-tag"):
            assert own not in text, name
    rows = [json.loads(line) for line in (tmp_path / "d" / "evidence.jsonl").read_text(encoding="utf-8").splitlines()]
    pairs = [json.loads(line) for line in (tmp_path / "d" / "pairs.jsonl").read_text(encoding="utf-8").splitlines()]
    for row in rows if with_text else ():
        assert {each["exchange"]["target"] for each in row["answers"]} == {"/v1/chat/completions"}
        assert row["pair"]["shape"]["segments"]["tools"]
    shown = {row["id"]: row["cluster"] for row in (row.get("pair", row) for row in rows)}
    assert len(shown) == 10
    assert shown.items() <= {pair["id"]: pair["cluster"] for pair in pairs}.items()


@pytest.mark.parametrize(
    ("body", "left"),
    [
        ('data: {"session_id": "a\\"b", "x": 1}\n', 'data: {"session_id": null, "x": 1}\n'),
        ('{"conversation":{"id":"a"},"user":"me"}', '{"conversation":null,"user":null}'),
        ('{"session_id": {"type": "string"}, "text": "me too"}', '{"session_id": {"type": "string"}, "text": "me too"}'),
        ('{"previous_response_id":"resp_1', '{"previous_response_id":null'),
    ],
)
def test_members_that_name_a_conversation_are_null(body, left):
    assert without_conversation(body, "me") == left


@pytest.mark.parametrize("written", ["Zoë/42 😀", r"Zo\u00eb/42 \ud83d\ude00", r"Zo\u00EB\/42 \uD83D\uDE00", r"\u005aoë/42 😀"])
def test_name_of_a_conversation_is_null_in_each_form_that_json_has_for_it(written):
    assert without_conversation(f'{{"user":"{written}"}}', "Zoë/42 😀") == '{"user":null}'


@pytest.mark.parametrize("name", ['a"b\\c', "a.c", "\n\x1f"])
def test_name_with_characters_that_mean_something_elsewhere_is_null_and_its_likeness_stays(name):
    for ascii_only in (True, False):
        assert without_conversation(json.dumps(["abc", name], ensure_ascii=ascii_only), name) == '["abc", null]'
