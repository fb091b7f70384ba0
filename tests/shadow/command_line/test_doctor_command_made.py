"""In which order `doctor` prints what it found, what it sends, and with which code it exits; the checks are pretended."""

import pytest

from shadow.command_line import doctor_checks
from shadow.command_line.doctor_checks import BAD, GOOD, DoctorLine
from shadow.settings import load_config

BEFORE = (
    "✓ configuration sameweights.toml: no error\n? note: a word of advice\n"
    "✓ the ports\n✓ the database\n✓ the broker\n✓ the series\n"
)
ANNOUNCED = "This sends now:\n    once\n"
ANSWERED = "✓ the reference answers\n"


@pytest.fixture
def doctor(run, monkeypatch, tmp_path):
    """`doctor("--plan", requests=["one"])`: (code, out, err); `doctor.models` are the traffic and model of its requests."""
    (tmp_path / "sameweights.toml").write_text('[proxy.providers.near]\nbase_url = "http://127.0.0.1:9/v1"\n', encoding="utf-8")
    found = {"requests": ["one"], "asked": [GOOD], "ports": GOOD}
    models = []

    def good(*words):
        return lambda *_: [DoctorLine(mark=GOOD, text=text) for text in words]

    def server_requests(_, traffic, model):
        models.append((list(traffic), model))
        return found["requests"]

    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(load_config, "advice", lambda *_: ["a word of advice"])
    monkeypatch.setattr(doctor_checks, "port_lines", lambda _: [DoctorLine(mark=found["ports"], text="the ports")])
    monkeypatch.setattr(doctor_checks, "database_lines", good("the database"))
    monkeypatch.setattr(doctor_checks, "broker_lines", good("the broker"))
    monkeypatch.setattr(doctor_checks, "series_line", lambda _: DoctorLine(mark=GOOD, text="the series"))
    monkeypatch.setattr(doctor_checks, "server_requests", server_requests)
    monkeypatch.setattr(doctor_checks, "announced", lambda _: ["This sends now:", "    once"])
    monkeypatch.setattr(
        doctor_checks,
        "asked_lines",
        lambda *_: [DoctorLine(mark=mark, text="the reference answers") for mark in found["asked"]],
    )

    def call(*flags, **more):
        found.update(more)
        return run("doctor", *flags)

    call.models = models
    return call


@pytest.mark.parametrize(
    ("flags", "more", "out", "code"),
    [
        ((), {}, BEFORE + ANNOUNCED + ANSWERED, 0),
        (("--plan",), {}, BEFORE + ANNOUNCED, 0),
        ((), {"requests": []}, BEFORE, 0),
        (("--plan",), {"requests": []}, BEFORE, 0),
        (
            (),
            {"asked": [BAD]},
            f"{BEFORE}{ANNOUNCED}{BAD} the reference answers\n1 of these does not work.\n",
            2,
        ),
        (
            (),
            {"asked": [GOOD, BAD], "ports": BAD},
            f"{BEFORE}{ANNOUNCED}{ANSWERED}{BAD} the reference answers\n2 of these do not work.\n".replace(
                "✓ the ports", f"{BAD} the ports"
            ),
            2,
        ),
        (("--plan",), {"ports": BAD}, f"{BEFORE}{ANNOUNCED}1 of these does not work.\n".replace("✓ the p", f"{BAD} the p"), 2),
    ],
)
def test_what_is_found_here_comes_before_what_is_sent_and_the_number_of_what_does_not_work_last(doctor, flags, more, out, code):
    assert doctor(*flags, **more) == (code, out, "")


def test_servers_are_asked_for_the_model_that_is_named_and_no_traffic_is_known_without_a_database(doctor):
    doctor("--plan", "--model", "llama")
    assert doctor.models == [([], "llama")]


def test_later_lines_stand_behind_two_spaces_and_those_of_a_request_behind_four(doctor, monkeypatch):
    monkeypatch.setenv("COLUMNS", "24")
    lines = doctor("--plan")[1].splitlines()
    assert lines[:2] == ["✓ configuration", "  sameweights.toml: no"]
    assert lines[-2:] == ["This sends now:", "    once"]
