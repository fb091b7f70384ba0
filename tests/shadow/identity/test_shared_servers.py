"""Which serving identities distinguish one server from another."""

import json
from dataclasses import replace

import pytest

from shadow.identity.shared_servers import distinguished
from storage.rows import IdentityRow

ROW = IdentityRow(
    exchange_id="x",
    started=1.0,
    provider="a",
    model="kimi",
    identity="one",
    previous="",
    changes="[]",
    facts=json.dumps({"fingerprint": ["fp_1"]}),
)
MAKER = replace(ROW, provider="maker", identity="two")


def test_identity_with_a_fingerprint_that_the_reference_does_not_show_distinguishes():
    assert distinguished([ROW, MAKER], "maker")["a", "kimi"] == "one"


@pytest.mark.parametrize(
    "rows",
    [
        [ROW],
        [ROW, replace(MAKER, model="glm")],
        [ROW, replace(MAKER, identity="one")],
        [replace(ROW, facts=json.dumps({"id": ["chatcmpl-hex"], "server": ["uvicorn"]})), MAKER],
        [replace(ROW, facts="no JSON"), MAKER],
        [replace(ROW, facts="[]"), MAKER],
    ],
    ids=["no reference", "another model", "the reference's", "the software's", "unreadable", "a list"],
)
def test_other_identities_distinguish_nothing(rows):
    assert ("a", "kimi") not in distinguished(rows, "maker")
