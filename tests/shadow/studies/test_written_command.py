"""The command by which a study goes on."""

import shlex

from shadow.studies.written_command import written_command


def test_command_goes_on_with_the_study_that_it_was_written_for():
    words = ["replay", "my rows; rm.jsonl", "--fresh", "--runs", "2", "--plan"]
    assert written_command(words) == "sameweights replay 'my rows; rm.jsonl' --runs 2"
    assert shlex.split(written_command(words))[2] == "my rows; rm.jsonl"
