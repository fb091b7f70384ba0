from pathlib import Path

import pytest

from shadow.settings.config_errors import ConfigError
from shadow.studies.own_checks.check_spec import CheckKind
from shadow.studies.own_checks.checks_file import read_checks_file


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "checks.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_checks_of_a_file_are_read_in_their_order(tmp_path: Path):
    found = read_checks_file(
        written(tmp_path, '[[checks]]\nkind = "words"\nequals = 12\npoints = 5\n\n[[checks]]\nkind = "regex"\npattern = "a"\n')
    )
    assert [(spec.kind, spec.points) for spec in found] == [(CheckKind.WORDS, 5), (CheckKind.REGEX, 1)]


def test_all_faults_come_at_once_each_with_its_line(tmp_path: Path):
    text = '[[checks]]\nkind = "wrods"\n\n[[checks]]\nkind = "words"\neqals = 12\n'
    with pytest.raises(ConfigError) as caught:
        read_checks_file(written(tmp_path, text))
    assert len(caught.value.errors) == 3
    assert all("checks.toml" in error for error in caught.value.errors)
    assert "did you mean 'words'?" in caught.value.errors[0]
    assert "did you mean 'equals'?" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is a list of tables"),
        ("checks = 3", "is a list of tables"),
        ("checks = []", "is a list of tables"),
        ('[[checks]]\nkind = "words"\nequals = 1\n[other]\na = 1', "is not part of a checks file"),
        ('[[checks]]\nkind = "end_state"\nunchanged = true', "is for task files alone"),
        ("[[checks", "not TOML"),
    ],
)
def test_what_is_no_checks_file_is_a_sentence(tmp_path: Path, text: str, said: str):
    with pytest.raises(ConfigError) as caught:
        read_checks_file(written(tmp_path, text))
    assert said in str(caught.value)


def test_a_missing_file_is_a_sentence(tmp_path: Path):
    with pytest.raises(ConfigError, match=r"--checks: .* cannot be read"):
        read_checks_file(tmp_path / "none.toml")
