"""A copy has the header fields of its request, in their order and case, and of what must not go along nothing."""

import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.sampling.shadow_headers import copied_headers, renewed_ids

CLIENT = (
    ("host", "127.0.0.1:8080"),
    ("Accept-Encoding", "gzip, deflate"),
    ("user-agent", "OpenAI/Python 2.1"),
    ("X-Stainless-OS", "Linux"),
    ("authorization", ""),
    ("Content-Type", "application/json"),
    ("content-length", "12"),
)
PRIVATE = (("OpenAI-Organization", "org-1"), ("HTTP-Referer", "https://app.example"), ("Via", "1.1 inner"), ("X-Title", "App"))
CHOOSE = random.Random(1).choice


def copy(*fields, own=False, key="ours", key_field="", usual="authorization"):
    return copied_headers(fields, own=own, key=key, key_field=key_field, usual_field=usual, choose=CHOOSE)


@pytest.mark.parametrize(("own", "written"), [(True, "Authorization"), (False, "authorization")])
def test_names_and_order_are_the_clients_and_only_the_credential_changes(own, written):
    """To the provider that got it the credential is written as the proxy writes it in live traffic."""
    borne = (written, "Bearer ours")
    assert copy(*CLIENT, own=own) == tuple(borne if name == "authorization" else (name, value) for name, value in CLIENT)


def test_without_a_key_no_credential_is_sent():
    assert copy(*CLIENT, key="") == tuple(field for field in CLIENT if field[0] != "authorization")


def test_a_key_for_another_field_stands_where_the_clients_stood():
    assert copy(("A", "1"), ("Accept", "*/*"), ("X-Api-Key", ""), ("Host", "h"), key_field="authorization") == (
        ("Accept", "*/*"),
        ("Authorization", "Bearer ours"),
        ("Host", "h"),
    )
    assert copy(("X-Api-Key", ""), ("Authorization", ""), ("x-api-key", ""), own=True) == (
        ("x-api-key", "ours"),
        ("Authorization", "Bearer ours"),
    )
    assert copy(("X-Api-Key", ""), ("Authorization", ""), key_field="x-api-key") == (("X-Api-Key", "ours"),)


def test_a_request_without_a_credential_has_the_key_at_its_end():
    assert copy(("Host", "h"), usual="x-api-key") == (("Host", "h"), ("x-api-key", "ours"))


def test_what_names_the_application_or_its_account_goes_to_the_provider_that_got_it_alone():
    assert copy(*PRIVATE, key="") == ()
    assert copy(*PRIVATE, key="", own=True) == PRIVATE


def test_a_packed_body_is_announced_by_no_copy():
    assert copy(("Content-Encoding", "gzip"), key="", own=True) == ()


def test_a_body_in_chunks_is_sent_so_to_the_provider_that_got_it_and_with_its_length_to_another():
    assert copy(("Transfer-Encoding", "chunked"), key="", own=True) == (("Transfer-Encoding", "chunked"),)
    assert copy(("Transfer-Encoding", "chunked"), key="") == (("Content-Length", ""),)


UUID = "0f3c9a52-7d1e-4b8a-9c66-1a2b3c4d5e6f"


@pytest.mark.parametrize(
    ("name", "value", "form"),
    [
        ("X-Request-ID", UUID, r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-9[0-9a-f]{3}-[0-9a-f]{12}"),
        ("x-request-id", UUID.upper(), r"[0-9A-F]{8}-[0-9A-F]{4}-4[0-9A-F]{3}-9[0-9A-F]{3}-[0-9A-F]{12}"),
        ("Idempotency-Key", f"stainless-python-retry-{UUID}", r"stainless-python-retry-[0-9a-f]{8}-[0-9a-f]{4}-4.*"),
        ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", r"00-[0-9a-f]{32}-[0-9a-f]{16}-01"),
        ("x-client-request-id", "req_011CSHoEeqs5C35K2", r"req_[0-9]{3}[A-Z]{3}[a-z][A-Z][a-z]{3}[0-9][A-Z][0-9]{2}[A-Z][0-9]"),
    ],
)
@pytest.mark.parametrize("own", [True, False])
def test_request_id_is_replaced_by_a_random_one_of_the_same_form(name, value, form, own):
    [(sent, fresh)] = copy((name, value), key="", own=own)
    assert sent == name
    assert fresh != value
    assert re.fullmatch(form, fresh)


def test_request_id_that_cannot_be_replaced_is_left_out():
    assert copy(("x-request-id", "42"), key="", own=True) == ()


@given(st.text(st.characters(codec="latin-1"), max_size=60))
def test_replaced_id_keeps_the_form_of_any_value(value):
    fresh = renewed_ids(value, CHOOSE)
    assert len(fresh) == len(value)
    assert all(a == b or (a.isalnum() and b.isalnum()) for a, b in zip(value, fresh, strict=True))


NAMES = st.sampled_from(
    ["Host", "authorization", "X-API-Key", "api-key", "Via", "Cookie", "User-Agent", "x-stainless-os", "Accept"]
)


@given(st.lists(st.tuples(NAMES, st.sampled_from(["", "a", "client-secret"])), max_size=8), st.booleans())
def test_any_copy_has_one_key_and_nothing_that_was_not_recorded(fields, own):
    made = copy(*fields, own=own, key_field="authorization")
    assert sum(value == "Bearer ours" for _, value in made) == 1
    names = [name.lower() for name, _ in made]
    assert set(names) <= {name.lower() for name, _ in fields} | {"authorization"}
    assert own or not {"via", "cookie"} & set(names)
