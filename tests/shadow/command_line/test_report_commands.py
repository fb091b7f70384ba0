"""`report` and `status` as they are run."""

import json
import shlex
from xml.etree import ElementTree as ET

import pytest

pytestmark = pytest.mark.slow


@pytest.fixture
def report(run, recorded):
    """`report("--md")` over all records: (code, out, err)."""
    assert recorded.name == "recorded.db"
    return lambda *more: run("report", "--db", "recorded.db", "--since", "all", *more)


def test_default_is_the_verdicts_and_full_has_every_table(report, monkeypatch):
    # pytest's worker processes set it to the columns of the terminal that started them
    monkeypatch.setenv("COLUMNS", "100")
    code, out, _ = report()
    assert code == 0
    assert "✗ garbler   differs, 80 pairs" in out
    assert len(out.splitlines()) <= 13
    assert "\nsignals  " not in out
    assert "\nsignals  " in report("--full")[1]


def test_first_line_states_the_period_that_was_read(report, run, recorded, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    assert "  all records, 242 requests" in report()[1]
    assert "  all records, 242 requests" in run("report", "--db", str(recorded), "--since", "9999w")[1]
    assert "  last 1h, 0 requests" in run("report", "--db", str(recorded), "--since", "1h")[1]
    assert "  2023-11-14 00:00:00 to " in run("report", "--db", str(recorded), "--since", "2023-11-14")[1]
    assert "  2023-11-14 00:00:00 to 2023-11-15 00:00:00 UTC, 242 " in report("--since", "2023-11-14", "--until", "2023-11-15")[1]
    assert "  until 2023-11-14 22:13:20 UTC, 0 requests" in report("--until", "2023-11-14T22:13:20")[1]


@pytest.mark.parametrize("command", ["report", "status"])
def test_period_of_no_length_is_refused(run, recorded, command):
    code, _, err = run(command, "--db", str(recorded), "--since", "now")
    assert (code, "--since 'now' is not before now" in err) == (2, True)


def test_begin_after_the_end_is_refused(report):
    code, _, err = report("--since", "1h", "--until", "2h")
    assert (code, "--since '1h' is not before --until '2h'" in err) == (2, True)


@pytest.mark.parametrize(
    "words",
    [
        ("--since", "2023-11-14", "--until", "2023-11-15", "--db", "recorded.db"),
        ("--since", "all", "--config", "the file.conf"),
        ("--since", "all", "other.toml"),
    ],
)
def test_printed_command_reads_the_same_records_and_period(run, recorded, monkeypatch, words):
    monkeypatch.setenv("COLUMNS", "400")
    for name in ("the file.conf", "other.toml"):
        (recorded.parent / name).write_text('[storage]\nurl = "sqlite:///recorded.db"\n', encoding="utf-8")
    command, expected = ["report", *words], ("report", "report", "pairs", "show")
    for name in expected:
        assert command[0] == name
        code, out, err = run(*command)
        assert (code, err) == (0, "")
        command = shlex.split(out.rsplit("Next: sameweights ")[-1]) if name != "show" else []


def test_printed_command_without_any_request_is_the_doctor_of_the_same_configuration(run, recorded):
    (recorded.parent / "other.toml").write_text('[storage]\nurl = "sqlite:///recorded.db"\n', encoding="utf-8")
    out = run("report", "--config", "other.toml", "--since", "1h")[1]
    assert out.endswith("Next: sameweights doctor other.toml\n")
    assert "No such option" not in run("doctor", "other.toml", "--plan")[2]


def test_one_provider_has_its_figures_alone(report):
    code, out, _ = report("garbler")
    assert code == 0
    assert "\nsignals  " in out
    assert "squeezer" not in out


def test_unknown_provider_is_refused_with_the_known_ones(report):
    code, out, err = report("garblr")
    assert (code, out) == (2, "")
    assert "did you mean 'garbler'?" in err


def test_path_of_a_configuration_is_no_provider(report, run, recorded, tmp_path):
    (tmp_path / "other.toml").write_text('[storage]\nurl = "sqlite:///recorded.db"\n', encoding="utf-8")
    assert "garbler" in run("report", "other.toml", "--since", "all")[1]
    assert "garbler" in run("report", "--config", "other.toml", "--since", "all")[1]
    code, _, err = report("garbler", "squeezer")
    assert (code, "one provider and one configuration at most" in err) == (2, True)


def test_files_are_written_and_the_terminal_stays_quiet(report, tmp_path):
    code, out, err = report("--html", "r.html", "--junit", "r.xml")
    assert (code, out, err) == (0, "", "")
    assert "✗ differs" in (tmp_path / "r.html").read_text(encoding="utf-8")
    assert ET.parse(tmp_path / "r.xml").getroot()[0].get("failures") == "2"
    assert report("--md")[1].startswith("## sameweights: ")
    code, _, err = report("--html", "none/r.html")
    assert (code, "none/r.html: cannot be written" in err) == (2, True)


def test_exit_codes_are_those_of_the_flags(report, run, recorded):
    assert report("--fail-on-drift")[0] == 3
    assert report("--fail-on-unmeasured")[0] == 4
    assert report("faithful", "--fail-on-drift", "--fail-on-unmeasured")[0] == 0
    assert report("newcomer", "--fail-on-drift")[0] == 0
    assert report("newcomer", "--fail-on-unmeasured")[0] == 4
    for flag in ("--fail-on-drift", "--fail-on-unmeasured"):
        assert run("report", "--db", str(recorded), "--since", "1h", flag)[0] == 4


def test_status_is_one_line_a_provider_with_the_exit_code(run, recorded):
    code, out, _ = run("status", "--db", str(recorded), "--since", "all")
    assert code == 3
    assert len(out.splitlines()) == 5
    assert out.startswith("✗ garbler: differs, 80 pairs; sends different tool arguments")
    assert run("status", "--db", str(recorded), "--since", "all", "--short")[:2] == (3, "✗2 ?1 ✓1 …1\n")
    assert run("status", "--db", str(recorded), "--since", "all", "--all")[:2] == (3, out)
    assert run("status", "--db", str(recorded), "--since", "1h", "--short")[:2] == (4, "-\n")
    assert json.loads(run("status", "--db", str(recorded), "--since", "all", "--json")[1])["schema"] == "sameweights.status/1"


@pytest.mark.parametrize("width", [60, 80])
@pytest.mark.parametrize("command", [("report",), ("report", "--full"), ("report", "garbler"), ("pairs", "--all"), ("answers",)])
def test_narrow_terminal_gets_whole_words(run, recorded, monkeypatch, width, command):
    monkeypatch.setenv("COLUMNS", f"{width}")
    out = run(*command, "--db", str(recorded), "--since", "all")[1]
    assert max(len(line) for line in out.splitlines() if str(recorded) not in line) <= width
    monkeypatch.setenv("COLUMNS", "400")
    wide = run(*command, "--db", str(recorded), "--since", "all")[1]
    words = {word for word in wide.split() if word.strip(",.;:()").isalpha()}
    assert words - set(out.split()) <= {
        "provider",
        "signal",
        "id",
        "model",
        "evidence",
        "result",
        "checks",
        "failed",
        "when",
        "p",
        "detectable",
    }
