"""shadow.privacy.redact: what looks like a credential is taken out, its length stays, and nothing else changes."""

import gzip
import json
import re
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.exchange import ChunkTimings, Failure, FailureKind
from shadow.privacy import redact
from shadow.privacy.redact import KNOWN, Redactor
from shadow.reading.parsed_exchange import parse_exchange
from storage.rows import ExchangeRow, FindingRow, IdentityRow, PairRow, PayoffRow, ToolCallRow
from tests.exchanges import asked, exchange, said
from tests.records import record

SECRETS = {
    "bearer": "Authorization: Bearer abcdef0123456789",
    "openai": "sk-proj-abcdefghijklmnopqrstuvwxyz012345",
    "stripe": "sk_" + "live_abcdefghijklmnop0123",
    "aws": "AKIA" + "IOSFODNN7EXAMPLE",
    "github": "ghp_" + "a" * 36,
    "fine-grained": "github_pat_" + "a1" * 20,
    "jwt": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
    "google": "AIza" + "b" * 35,
    "hugging face": "hf_" + "c" * 34,
    "groq": "gsk_" + "d" * 40,
    "gitlab": "glpat-" + "e" * 20,
    "shouted": "Authorization: BEARER ABCDEF0123456789",
    "slack": "xoxb-1234567890-abcdefghij",
    "pem": "-----BEGIN RSA PRIVATE KEY-----\n" + "MIIEpAIBAAKCAQEA" * 6,
}
ORDINARY = (
    *("The task-oriented risk-averse desk-bound clerk.", "bearer of bad news", "a sk-ilful pk-unit", "AKIA is four letters"),
    *("eyJhbGciOi is a beginning", "git commit deadbeefdeadbeefdeadbeefdeadbeefdeadbeef", "hf_model", "C3PO-and-R2D2"),
)


@pytest.mark.parametrize("text", SECRETS.values(), ids=SECRETS.keys())
def test_what_looks_like_a_credential_is_taken_out_and_its_length_stays(text):
    redactor = Redactor()
    inside = f'{{"say": "before {text} after"}}'
    clean = redactor.text(inside)
    secret = (
        text.removeprefix("Authorization: Bearer ")
        .removeprefix("Authorization: BEARER ")
        .removeprefix("-----BEGIN RSA PRIVATE KEY-----\n")
    )
    assert secret not in clean
    assert len(clean) == len(inside)
    assert clean.startswith('{"say": "before ')
    assert clean.endswith(' after"}')
    assert redactor.body(inside.encode()) == clean.encode()


@pytest.mark.parametrize("text", ORDINARY)
def test_a_text_without_credentials_is_not_redacted(text):
    assert Redactor().text(text) == text


def test_a_user_s_own_pattern_is_taken_out_too_and_may_name_the_part_that_is_secret():
    redactor = Redactor([r"ACME-\d{6}", r"pin (?P<secret>\d{4})"])
    assert redactor.text("ACME-123456, pin 1234") == "***********, pin ****"


@given(st.text(max_size=400), st.sampled_from(sorted(SECRETS.values())))
def test_json_stays_json_whatever_is_taken_out(text, secret):
    body = json.dumps({"content": f"{text} {secret} {text}"}).encode()
    clean = Redactor().body(body)
    assert len(clean) == len(body)
    assert json.loads(clean).keys() == {"content"}


def test_an_exchange_is_clean_in_every_part():
    secret = SECRETS["openai"]
    given_ = exchange(said(f"key {secret}"), request=asked(f"key {secret}"), model=secret, tag=secret)
    clean = Redactor().exchange(given_)
    assert secret not in repr(clean)
    assert clean.response.marks == given_.response.marks


KEY = SECRETS["openai"]
PLACES = {
    "model": {"model": KEY},
    "tag": {"tag": KEY},
    "address": {"target": f"/v1/{KEY}"},
    "field sent": {"sent_headers": (("x-note", KEY),)},
    "field answered": {"headers": (("x-note", KEY),)},
    "question": {"request": asked(KEY)},
    "answer": {"body": said(KEY)},
    "failure": {"failure": Failure(kind=FailureKind.RESET, detail=f"reset behind {KEY}", after_head=True)},
}


@pytest.mark.parametrize("place", PLACES)
def test_exchange_with_a_credential_in_one_place_alone_is_clean(place):
    given_ = exchange(**PLACES[place])
    assert KEY in repr(given_)
    assert KEY not in repr(Redactor().exchange(given_))


def test_exchange_with_a_credential_in_the_words_of_its_status_is_clean():
    given_ = exchange(said("hello"))
    given_ = given_._replace(response=given_.response._replace(reason=KEY))
    assert KEY not in repr(Redactor().exchange(given_))


def test_a_conversation_that_a_client_names_by_a_key_is_stored_without_it():
    secret = SECRETS["openai"]
    named = parse_exchange(exchange(said("hello")))._replace(conversation=f"user {secret}")
    assert Redactor().record(record(named)).exchange.conversation == "user " + "*" * len(secret)


def test_a_packed_answer_is_stored_unpacked_only_where_something_was_found():
    secret = SECRETS["openai"]
    headers = (("Content-Encoding", "gzip"), ("Server", "x"))
    packed = gzip.compress(said(f"key {secret}"))
    found = Redactor().exchange(exchange(packed, headers=headers, marks=ChunkTimings([1.0], [len(packed)]))).response
    assert found.body == said("key " + "*" * len(secret))
    assert found.headers == (("Server", "x"),)
    assert found.marks[-1].end == len(found.body) == found.size
    clean = exchange(gzip.compress(said("no key")), headers=headers)
    assert Redactor().exchange(clean) == clean


@pytest.mark.slow
@pytest.mark.parametrize(("size", "clean"), [(32 * 1024 * 1024, True), (32 * 1024 * 1024 + 1, False)])
def test_a_packed_body_is_looked_through_up_to_32_mib_unpacked(size, clean):
    secret = SECRETS["openai"].encode()
    packed = gzip.compress(secret + b" " * (size - len(secret)))
    body = Redactor().exchange(exchange(packed, headers=(("Content-Encoding", "gzip"),))).response.body
    assert (len(body), secret in body, body == packed) == ((size, False, False) if clean else (len(packed), False, True))


@pytest.mark.parametrize("kind", [ExchangeRow, ToolCallRow, FindingRow, IdentityRow, PairRow])
def test_every_text_of_every_row_is_clean(kind):
    secret = SECRETS["openai"]
    for name, type_ in kind.__annotations__.items():
        if "str" in str(type_):
            row = kind(**{other: f"key {secret}" if other == name else "" for other in kind.__annotations__})
            assert secret not in repr(Redactor().record(Box(rows=(row,))))


def test_a_record_without_credentials_is_not_copied():
    box = Box(rows=(PayoffRow(pair_id="p", signal="s", payoff=1), "words"))
    assert Redactor().record(box) is box
    plain = exchange(said("nothing"))
    assert Redactor().exchange(plain) is plain


def test_a_packed_answer_without_credentials_is_not_copied_either():
    packed = exchange(gzip.compress(said("nothing")), headers=(("Content-Encoding", "gzip"),))
    assert Redactor().exchange(packed) is packed
    broken = exchange(b"not packed", headers=(("Content-Encoding", "gzip"),))
    assert Redactor().exchange(broken) is broken


def test_a_row_that_breaks_its_types_is_cleaned_all_the_same():
    row = FindingRow(**dict.fromkeys(FindingRow._fields) | {"reason": SECRETS["openai"]})
    [clean] = Redactor().record(Box(rows=(row,))).rows
    assert (clean.reason, clean.subject) == ("*" * len(SECRETS["openai"]), None)


@pytest.mark.parametrize("pattern", [r"^key", r"key$", r"\bkey\b", r"\*{4}"])
def test_users_pattern_is_matched_against_each_text_separately(pattern):
    redactor = Redactor([pattern])
    rows = Box(rows=("a key b", "key", SECRETS["openai"], "b key"))
    assert redactor.record(rows).rows == tuple(map(redactor.text, rows.rows))
    live = exchange(said("key"), request=b"key", model="key", tag="a key b")
    clean = redactor.exchange(live)
    assert (clean.labels.model, clean.labels.tag, clean.request.body) == (
        redactor.text("key"),
        redactor.text("a key b"),
        redactor.body(b"key"),
    )
    assert clean.response.body == redactor.body(live.response.body)


def test_a_pattern_that_explodes_elsewhere_takes_no_time_here():
    redactor = Redactor([r"(a+)+$", r"(?:a|aa)+b"])
    text = "a" * 100_000 + "c"
    assert redactor.text(text) == text
    assert redactor.body(text.encode()) == text.encode()


@pytest.mark.slow
def test_a_text_in_which_a_pattern_is_found_too_often_is_not_kept():
    redactor = Redactor([r"\d"])
    long = "1" * 60_000
    assert redactor.text(long) == "*" * 60_000
    clean = redactor.exchange(exchange(long.encode(), request=long.encode(), tag="1"))
    assert (clean.request.body, clean.response.body, clean.labels.tag) == (b"", b"", "*")
    assert (clean.request.size, clean.response.size) == (60_000, 60_000)
    assert clean.request.truncated
    assert clean.response.truncated


@pytest.mark.parametrize("text", ["-eyJ" * 100_000, "--eyJ" * 50_000, "x-eyJ.eyJ" * 50_000, "PRIVATE KEY-----" + "A" * 200_000])
def test_no_text_makes_the_known_patterns_slow(text):
    """Begun at each of its places, the first of them took 4,096 looks each: 20 seconds for 8 MB."""
    assert len(Redactor().body(text.encode())) == len(text)


PIECES = st.sampled_from(
    [
        *(text[:cut] for text in SECRETS.values() for cut in (3, 8, 20, 60, 400)),
        *(" ", "\n", '"', "-", "_", "A", "J", "V", "R", "x_y", "bearer\\n", "é", "\u00a0"),
    ]
)


@given(st.lists(PIECES, max_size=8).map("".join))
def test_the_short_cuts_find_what_the_patterns_alone_find(text):
    body, slow = text.encode(), text.encode()
    for _, hint, pattern in KNOWN:
        if re.search(hint.encode(), slow):
            slow = re.sub(pattern.encode(), redact._byte_stars, slow)
    assert Redactor().body(body) == slow
    assert Redactor().text(text).encode() == slow or not text.isascii()


@pytest.mark.parametrize(("character", "hint", "pattern"), KNOWN, ids=[hint for _, hint, _ in KNOWN])
def test_what_a_pattern_needs_first_stands_in_all_that_it_finds(character, hint, pattern):
    found = [text for text in SECRETS.values() if re.search(hint, text)]
    assert found
    for text in found:
        assert re.search(pattern, text)
        assert character in re.search(hint, text)[0]


PREFIXES = (
    *("sk-", "rk-", "pk-", "glpat-", *(f"xox{letter}-" for letter in "abeoprs")),
    *(f"{letter}k_{kind}_" for letter in "srp" for kind in ("live", "test")),
    *(*(f"gh{letter}_" for letter in "pousr"), "github_pat_", "hf_", "gsk_", "AIza"),
)


@pytest.mark.parametrize("prefix", PREFIXES)
def test_every_prefix_of_a_key_is_known(prefix):
    secret = prefix + "aA1" * 11 + "bC"
    assert Redactor().text(f"say {secret}.") == f"say {'*' * len(secret)}."
    assert Redactor().body(f'"{secret}"'.encode()) == b'"' + b"*" * len(secret) + b'"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A record of any rows."""

    rows: tuple[object, ...]


@pytest.mark.parametrize("text", ["x pin 1234 y", "pin 1234", "x pin 12345 y"])
def test_words_around_a_named_part_stay_wherever_it_stands(text):
    redactor = Redactor([r"pin (?:(?P<secret>\d{4})|(?P<key>never))"])
    assert redactor.text(text) == text.replace("1234", "****")
    assert Redactor().text(f"say Bearer {'a1' * 8}, then") == f"say Bearer {'*' * 16}, then"
    assert Redactor().body(f"say Bearer {'a1' * 8}, then".encode()) == f"say Bearer {'*' * 16}, then".encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A row whose words may be missing."""

    words: str | None


@pytest.mark.parametrize("words", [None, "", "plain", f"key {SECRETS['openai']}"])
def test_words_that_may_be_missing_are_clean_too(words):
    found = Redactor().record(Note(words=words))
    assert found.words == (words and words.replace(SECRETS["openai"], "*" * len(SECRETS["openai"])))
