"""proxy.record.recorded_head: what a record holds of a head, and its JSON, made once for each set of labels."""

import json

import pytest

from proxy.exchange import Labels, Role
from proxy.packing import pack_whole
from proxy.record.recorded_head import RecordedHead

HOST, ACCEPT = ("Host", "h"), ("Accept", 'a "quoted" \\ value%')


def said(head, labels, length):
    """The JSON of the head, with what each exchange adds."""
    return json.loads(pack_whole(b'{"new":1', head.words(Role.PRIMARY, labels), length))


@pytest.mark.parametrize(
    ("before", "name", "after"),
    [
        ((), "", ()),
        ((HOST,), "", (ACCEPT,)),
        ((), "Content-Length", ()),
        ((HOST,), "content-length", ()),
        ((), "Content-Length", (ACCEPT,)),
        ((HOST, ACCEPT), 'odd"name', (ACCEPT, HOST)),
    ],
)
def test_the_json_of_a_head_holds_what_the_record_holds(before, name, after):
    head = RecordedHead("POST", "/v1/x?a=%22", before, name, after)
    labels = Labels(route="default", model="m", tag='"', stream=True)
    made = said(head, labels, "42")
    assert (made["new"], made["role"], made["labels"]) == (1, "primary", [*labels])
    method, target, headers = made["request"]
    assert (method, target, tuple(map(tuple, headers))) == ("POST", "/v1/x?a=%22", head.headers("42"))
    assert head.headers("42") == ((*before, (name, "42"), *after) if name else (*before, *after))


def test_the_json_is_made_once_and_again_for_other_labels():
    head = RecordedHead("POST", "/v1/x", (HOST,))
    first = head.words(Role.PRIMARY, Labels(model="m"))
    assert head.words(Role.PRIMARY, Labels(model="m")) is first
    assert said(head, Labels(model="n"), "")["labels"] == [*Labels(model="n")]
    assert head.words(Role.PRIMARY, Labels(model="m")) == first
    assert head.words(Role.GREEDY, Labels(model="m")) != first


def test_a_label_that_orjson_refuses_is_escaped():
    assert said(RecordedHead("GET", "/", ()), Labels(model="\ud800"), "")["labels"][3] == "\ud800"


def test_a_head_shows_its_path_and_the_number_of_its_fields():
    head = RecordedHead("POST", "/v1/x?a=1", (HOST,), "Content-Length", (ACCEPT,))
    assert repr(head) == "<RecordedHead POST /v1/x fields=3>"


@pytest.mark.parametrize(
    ("before", "after", "coded"),
    [((HOST,), (ACCEPT,), False), ((("Content-ENCODING", "gzip"),), (), True), ((HOST,), (("content-encoding", "br"),), True)],
)
def test_a_head_that_names_a_content_coding_is_of_a_coded_body(before, after, coded):
    assert RecordedHead("POST", "/v1/x", before, "", after).coded is coded
