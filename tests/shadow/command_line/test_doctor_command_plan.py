"""`doctor --plan` as it is run: what it would send, what it has examined without, and how it ends."""

import socket

import pytest

from storage.opening import open_store
from storage.storage_config import StorageConfig
from tests.records import add_live

TOML = """\
[proxy]
listen = "{data}"
provider = "near"
reference = "maker"
[proxy.providers.near]
base_url = "http://127.0.0.1:9/v1"
[proxy.providers.maker]
base_url = "http://127.0.0.1:9/v1"
api_key_env = "MAKER_KEY"
[admin]
listen = "{admin}"
"""


@pytest.fixture
def doctor(run, tmp_path, monkeypatch):
    """`doctor --plan` with this configuration in a terminal of 60 columns: (code, lines, err)."""
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("MAKER_KEY", "k" * 20)

    def made(*more, admin="127.0.0.1:0", data="127.0.0.1:0"):
        (tmp_path / "s.toml").write_text(TOML.format(admin=admin, data=data), encoding="utf-8")
        code, out, err = run("doctor", "s.toml", "--plan", *more)
        return code, out.splitlines(), err

    return made


def test_what_it_would_send_stands_below_what_it_found_and_later_lines_behind_spaces(doctor):
    code, lines, err = doctor("--model", "m")
    assert (code, err) == (0, "")
    assert lines[:5] == [
        "✓ configuration s.toml: no error",
        "? note: proxy.reference: 'maker' and 'near' are one server:",
        "  this measures its own noise, which is a good first test",
        "✓ data port 127.0.0.1:0: free; serve is not running",
        "✓ admin port 127.0.0.1:0: free; serve is not running",
    ]
    assert lines[-5:] == [
        "This sends now, once each:",
        "  to near (provider), with no key: GET /models (a completion",
        "    needs the application's own key)",
        "  to maker (reference), with the key in MAKER_KEY: GET",
        "    /models, and a completion of 1 token by m",
    ]


@pytest.mark.parametrize(("ports", "sentence"), [(1, "1 of these does not work."), (2, "2 of these do not work.")])
def test_number_of_what_does_not_work_is_the_last_line(doctor, ports, sentence):
    with socket.socket() as one, socket.socket() as other:
        for taken in (one, other):
            taken.bind(("127.0.0.1", 0))
        busy = [f"127.0.0.1:{taken.getsockname()[1]}" for taken in (one, other)]
        code, lines, _ = doctor(**dict(zip(("admin", "data"), busy[:ports], strict=False)))
    assert (code, lines[-1]) == (2, sentence)


def test_model_that_was_requested_most_is_that_of_the_completion(doctor, tmp_path):
    store = open_store(StorageConfig(url=f"sqlite:///{tmp_path}/a.db"))
    add_live(store, "maker", model="kestrel")
    assert store.flush(20)
    store.close()
    assert doctor("--db", "a.db")[1][-1].endswith("a completion of 1 token by kestrel")
    (tmp_path / "b.db").write_text("no database")
    code, lines, _ = doctor("--db", "b.db")
    assert (code, lines[-1]) == (2, "1 of these does not work.")
