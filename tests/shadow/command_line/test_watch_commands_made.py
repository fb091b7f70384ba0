"""What `tail` prints between two looks and until Ctrl-C, and what `open` opens; the records and the browser are pretended."""

from contextlib import nullcontext
from types import SimpleNamespace

import pytest

from shadow.command_line import watch_commands
from shadow.report import evident_signals, known_names
from shadow.terminal import opened_page, pair_tail


@pytest.fixture
def watched(monkeypatch):
    """The tail that was made, the names that were examined, and the pauses; the third pause is ended by Ctrl-C."""
    made = SimpleNamespace(named=None, checked=[], pauses=[], where=[])

    class Tail:
        def __init__(self, reader, **named):
            assert reader == "the reader"
            made.named = named

        def lines(self):
            return [f"pair {len(made.pauses)}"]

        def as_json(self, pair):
            return f"json of {pair}"

        def pair_line_text(self, pair, *, width, color):
            return f"{pair} {width} {color}"

    def pause(seconds):
        made.pauses.append(seconds)
        if len(made.pauses) == 3:
            raise KeyboardInterrupt

    monkeypatch.setenv("COLUMNS", "70")
    monkeypatch.setattr(watch_commands, "reading", lambda *where: made.where.append(where) or nullcontext("the reader"))
    monkeypatch.setattr(pair_tail, "PairTail", Tail)
    monkeypatch.setattr(evident_signals, "RenewedEvidence", lambda reader, now: (reader, now() > 0))
    monkeypatch.setattr(known_names, "check_known", lambda reader, **named: made.checked.append((reader, named)))
    monkeypatch.setattr(watch_commands.time, "sleep", pause)
    return made


def test_tail_looks_each_second_until_it_is_interrupted(run, watched):
    assert run("tail", "--db", "a.db") == (130, "following; Ctrl-C ends\npair 0 70 False\npair 1 70 False\npair 2 70 False\n", "")
    assert watched.pauses == [1.0, 1.0, 1.0]
    assert watched.where == [(None, "a.db")]
    assert watched.named == {"provider": "", "evidence": True, "evident": ("the reader", True)}


def test_tail_as_json_is_one_object_a_line_without_a_heading(run, watched):
    assert run("tail", "--json")[1] == "json of pair 0\njson of pair 1\njson of pair 2\n"


def test_tail_is_of_all_pairs_or_of_a_provider_that_is_known(run, watched):
    run("tail", "--all", "--provider", "near")
    assert (watched.named["evidence"], watched.named["provider"]) == (False, "near")
    assert watched.checked == [("the reader", {"provider": "near"})]


@pytest.mark.parametrize(("flags", "started"), [((), 1), (("--print",), 0)])
def test_open_prints_the_address_and_starts_a_browser_unless_it_is_only_to_print(run, watched, monkeypatch, flags, started):
    opened = []
    monkeypatch.setattr(
        opened_page, "page_address", lambda reader, admin, target, _: f"http://x/{reader}/{admin.listen}/{target}"
    )
    monkeypatch.setattr(opened_page, "start_browser", lambda address, environ: opened.append((address, "PATH" in environ)))
    code, out, err = run("open", "near", *flags)
    assert (code, out, err) == (0, "http://x/the reader/127.0.0.1:8081/near\n", "")
    assert opened == [("http://x/the reader/127.0.0.1:8081/near", True)] * started
