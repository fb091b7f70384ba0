"""The stored bytes of a pair, and the command that sends its request again."""

import io
import json
import os
import shlex
import subprocess
import sys

import pytest

from shadow.reading.parsed_exchange import parse_exchange
from shadow.report.evident_signals import EvidentSignals, stored_evidence
from shadow.settings.config_errors import ConfigError
from shadow.settings.top_level_config import Config
from shadow.terminal.raw_record import curl_command, latest_id, raw_bytes, write_raw
from tests.exchanges import asked, exchange, said
from tests.records import NOW, add_live, add_pair, calling, fill, record

CONFIG = Config.model_validate(
    {"proxy": {"providers": {"garbler": {"base_url": "https://garbler.example/v1", "api_key_env": "GARBLER_KEY"}}}}
)
KEY = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789"


@pytest.fixture
def pair(store):
    headers = (("Host", "a"), ("Authorization", f"Bearer {KEY}"), ("x-api-key", KEY), ("Content-Type", "application/json"))
    name = add_pair(store, "garbler", calling("Oslo"), calling("Quito"), calling("Quito"), headers=headers)
    assert store.flush(20)
    return name


def test_each_side_has_its_bytes(store, pair):
    assert json.loads(raw_bytes(store, pair, "request"))["messages"]
    assert b"Oslo" in raw_bytes(store, pair, "response")
    assert b"Quito" in raw_bytes(store, pair, "reference")
    assert b"Quito" in raw_bytes(store, pair[-8:], "control")


def test_unknown_and_missing_sides_are_sentences(store, pair):
    with pytest.raises(ConfigError, match="no such side: 'requst'; did you mean 'request'"):
        raw_bytes(store, pair, "requst")
    alone = add_live(store, "p").exchange.id
    assert store.flush(20)
    with pytest.raises(ConfigError, match="has no reference"):
        raw_bytes(store, alone, "reference")
    with pytest.raises(ConfigError, match="no such pair"):
        raw_bytes(store, "f" * 32, "request")


def unread():
    raise AssertionError("no verdict is needed")


@pytest.mark.slow
def test_latest_is_the_newest_evidence_else_the_newest_pair(store):
    with pytest.raises(ConfigError, match="nothing was compared yet"):
        latest_id(store, unread)
    plain = add_pair(store, "p", "Hello", "Hello")
    assert store.flush(20)
    assert latest_id(store, unread) == plain
    fill(store)
    evident = add_pair(store, "garbler", calling("Oslo"), calling("Quito"), calling("Quito"))
    newest = add_pair(store, "p", "Hello", "Hello")
    assert store.flush(20)
    assert latest_id(store, lambda: stored_evidence(store, NOW + 60)) == evident
    assert latest_id(store, lambda: EvidentSignals(())) == newest


def test_shell_sends_the_recorded_body_again(store, pair, tmp_path):
    """The command with a stand-in for curl that writes its arguments."""
    stand_in = tmp_path / "curl"
    stand_in.write_text(f"#!{sys.executable}\nimport json, sys\nprint(json.dumps(sys.argv[1:]))\n")
    stand_in.chmod(0o755)
    environ = {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}", "GARBLER_KEY": "k"}
    ran = subprocess.run(["sh", "-c", curl_command(store, pair, CONFIG)], env=environ, capture_output=True, check=True)
    arguments = json.loads(ran.stdout)
    assert arguments[-1].encode() == raw_bytes(store, pair, "request")
    assert "Authorization: Bearer k" in arguments


@pytest.mark.parametrize("text", ["x" * 8_001, "bell \x07"])
def test_large_or_hostile_body_is_piped_in(store, text):
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": text}]}, ensure_ascii=False).encode()
    body = body.replace(b"\\u0007", b"\x07")
    name = add_live(store, "garbler", request=body).exchange.id
    assert store.flush(20)
    command = curl_command(store, name, CONFIG, " --db a.db")
    assert command.startswith(f"sameweights show {name} --raw request --db a.db | curl ")
    assert command.endswith("--data-binary @-")


def test_target_of_a_client_cannot_leave_the_command(store):
    made = exchange(said(), provider="garbler", request=asked("Hello"))
    target = "/v1/x'; rm -rf $HOME;'?key=secret"
    store.add_exchange(record(parse_exchange(made._replace(request=made.request._replace(target=target)))))
    name = made.id
    assert store.flush(20)
    words = shlex.split(curl_command(store, name, CONFIG).replace("\\\n", " "))
    assert words[:5] == ["curl", "-sS", "-X", "POST", "https://garbler.example/v1/x'; rm -rf $HOME;'"]


def test_terminal_gets_controls_by_name_and_a_pipe_the_bytes(monkeypatch):
    body = b"a\x1b[2J"
    for terminal, expected in ((True, b"a[ESC][2J\n"), (False, body)):
        out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
        monkeypatch.setattr(out, "isatty", lambda terminal=terminal: terminal, raising=False)
        monkeypatch.setattr("sys.stdout", out)
        write_raw(body)
        out.flush()
        assert out.buffer.getvalue() == expected


def test_fields_that_a_provider_needs_are_sent_again_and_no_other(store, pair):
    words = shlex.split(curl_command(store, pair, CONFIG).replace("\\\n", " "))
    fields = [words[place + 1] for place, word in enumerate(words) if word == "-H"]
    assert fields == ["Authorization: Bearer $GARBLER_KEY", "content-type: application/json"]
    headers = (
        ("anthropic-version", "2023-06-01"),
        ("anthropic-beta", "b"),
        ("accept", "a/b"),
        ("user-agent", "u"),
        ("cookie", "c"),
    )
    name = add_live(store, "stranger", headers=headers).exchange.id
    assert store.flush(20)
    words = shlex.split(curl_command(store, name, CONFIG).replace("\\\n", " "))
    fields = [words[place + 1] for place, word in enumerate(words) if word == "-H"]
    assert fields == ["x-api-key: $API_KEY", "anthropic-version: 2023-06-01", "anthropic-beta: b", "accept: a/b"]
    assert words[4] == "https://provider/v1/chat/completions"


def test_body_of_8000_characters_stands_in_the_command(store):
    body = asked("x")
    body = body.replace(b"x", b"x" * (8_001 - len(body)))
    names = [add_live(store, "garbler", request=each).exchange.id for each in (body, body.replace(b"xx", b"xxx", 1))]
    assert store.flush(20)
    assert [curl_command(store, name, CONFIG).startswith("curl ") for name in names] == [True, False]
