"""The policy of a study out of a file."""

import pytest

from shadow.settings.config_errors import ConfigError
from shadow.studies.policy_file import policy_of
from shadow.studies.study_policy import OnUndecided, PolicyScore, StudyPolicy

WHOLE = 'allowed_drop = 0.2\nalpha = 0.01\nfewest_runs = 9\non_undecided = "exit 0"\n'


def written(tmp_path, text):
    path = tmp_path / "policy.toml"
    path.write_text(text)
    return path


def test_a_file_sets_each_member_and_a_flag_goes_before_it(tmp_path):
    made = policy_of(written(tmp_path, WHOLE), PolicyScore.SIGNALS, None)
    assert made == StudyPolicy(
        score=PolicyScore.SIGNALS, allowed_drop=0.2, alpha=0.01, fewest_runs=9, on_undecided=OnUndecided.ACCEPT
    )
    assert policy_of(written(tmp_path, WHOLE), PolicyScore.SIGNALS, 0.05).allowed_drop == 0.05
    assert policy_of(written(tmp_path, WHOLE), PolicyScore.SIGNALS, 0.0).allowed_drop == 0.0


def test_without_a_file_or_with_an_empty_one_the_defaults_hold(tmp_path):
    assert policy_of(None, PolicyScore.CHECKS, None) == StudyPolicy(score=PolicyScore.CHECKS)
    assert policy_of(written(tmp_path, ""), PolicyScore.CHECKS, None) == StudyPolicy(score=PolicyScore.CHECKS)


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("alowed_drop = 0.1", ["policy.toml:1: alowed_drop: no such key; did you mean 'allowed_drop'?"]),
        (
            "\nallowed_drop = 1.0",
            ["policy.toml:2: allowed_drop: allowed_drop is a share from 0 to below 1, such as 0.2, got 1.0"],
        ),
        ("allowed_drop = 0.999\nfewest_runs = 1", ["policy.toml:2: fewest_runs: fewest_runs is at least 2"]),
        ("alpha = 0.51\nallowed_drop = -0.1", ["policy.toml:1: alpha", "policy.toml:2: allowed_drop"]),
        ('alpha = "x"', ["policy.toml:1: alpha"]),
        ("alpha", ["policy.toml:1: not TOML"]),
    ],
)
def test_what_is_wrong_comes_with_its_line(tmp_path, text, faults):
    with pytest.raises(ConfigError) as raised:
        policy_of(written(tmp_path, text), PolicyScore.SIGNALS, None)
    found = [error.removeprefix(f"{tmp_path}/") for error in raised.value.errors]
    assert len(found) == len(faults)
    assert all(error.startswith(fault) for error, fault in zip(found, faults, strict=True)), found


def test_a_file_that_is_not_there_is_a_sentence(tmp_path):
    with pytest.raises(ConfigError, match="no such file; name a policy file"):
        policy_of(tmp_path / "none.toml", PolicyScore.SIGNALS, None)
