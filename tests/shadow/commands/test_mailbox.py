"""shadow.commands.mailbox: a command is executed once by the process that writes, its result returned, and no file left."""

import stat
import threading

import pytest

from shadow.commands.mailbox import Mailbox
from storage.store import StoreError


@pytest.fixture
def mailbox(tmp_path):
    return Mailbox(database=tmp_path / "store.db", kind="forget")


@pytest.fixture
def answered(mailbox):
    """Answers every command with `handle`, beside the test, until its end."""
    done, threads = threading.Event(), []

    def look(handle):
        while not done.is_set():
            mailbox.answer(handle)
            done.wait(0.02)

    def start(handle):
        threads.append(threading.Thread(target=look, args=(handle,)))
        threads[-1].start()

    yield start
    done.set()
    for thread in threads:
        thread.join()


def test_result_of_a_command_is_returned_and_no_file_is_left(mailbox, answered, tmp_path):
    answered(lambda command: {"got": command.decode()})
    assert mailbox.send({"tag": "x"}) == {"got": '{"tag":"x"}'}
    assert list(tmp_path.iterdir()) == []


def test_command_is_readable_by_its_owner_alone(mailbox, tmp_path):
    modes = []
    sending = threading.Thread(target=lambda: mailbox.send({}))
    sending.start()
    while not modes:
        modes = [stat.S_IMODE(path.stat().st_mode) for path in tmp_path.glob("*.json")]
    mailbox.answer(lambda _: {})
    sending.join()
    assert modes == [0o600]


def test_command_without_an_answer_is_taken_back(mailbox, tmp_path):
    with pytest.raises(StoreError, match=r"store\.db did not answer within 0\.2 s"):
        mailbox.send({}, patience=0.2)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("error", [StoreError("closed"), ValueError("no JSON"), TypeError("no field"), OSError("disk full")])
def test_error_of_a_command_reaches_its_sender(mailbox, answered, error):
    def fail(_):
        raise error

    answered(fail)
    with pytest.raises(StoreError, match=str(error)):
        mailbox.send({})


def test_command_of_another_kind_or_another_database_is_not_executed(mailbox, tmp_path):
    for name in ("store.db-ack-1.json", "other.db-forget-1.json", "store.db-forget-1.draft"):
        (tmp_path / name).write_text("{}")
    assert mailbox.answer(lambda _: {}) == []


def test_commands_are_executed_in_order_and_one_that_fails_stops_none(mailbox, tmp_path):
    for name, text in (("1", "a"), ("2", "bad"), ("3", "c")):
        path = tmp_path / f"store.db-forget-{name}.json"
        path.write_text(text)
        path.chmod(0o600)

    def handle(command):
        if command == b"bad":
            raise StoreError("no")
        return command.decode()

    assert mailbox.answer(handle) == ["a", None, "c"]
    assert mailbox.answer(handle) == []


def test_command_that_another_user_can_have_written_is_refused_and_logged_once(mailbox, tmp_path, logged):
    forged = tmp_path / "store.db-forget-0123456789abcdef.json"
    forged.write_text("{}")
    forged.chmod(0o666)
    linked = tmp_path / "store.db-forget-fedcba9876543210.json"
    linked.symlink_to(forged)
    calls = logged("shadow.commands.file_ownership")
    for _ in range(3):
        assert mailbox.answer(lambda _: {}) == []
    assert sorted(call.kwargs["file"] for call in calls) == sorted(map(str, (forged, linked)))
    assert {call.kwargs["event"] for call in calls} == {"command_refused"}
    forged.chmod(0o600)
    assert mailbox.answer(lambda _: {}) == [{}]
