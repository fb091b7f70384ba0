"""The completion of each shell, tried in that shell."""

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.main import get_command

from shadow.cli import app
from shadow.command_line.completion_scripts import SHELLS, completion_script, harmless
from shadow.command_line.parser_tree import command_words
from tests.running import PATIENCE

COMMANDS = tuple(command_words(get_command(app)))
NAMES = "sameweights() { if [ \"$2\" = provider ]; then echo 'spacer faithful'; else echo 'latest 75a1'; fi; }\n"
BASH = 'COMP_WORDS=(LINE); COMP_CWORD=$(( ${#COMP_WORDS[@]} - 1 )); _sameweights; printf "%s\\n" "${COMPREPLY[@]}"\n'
ZSH_BEFORE = 'compdef() { :; }\ncompadd() { shift; print -rl -- "$@"; }\n'
ZSH_AFTER = "words=(LINE); CURRENT=$#words; _sameweights\n"
FISH = 'function sameweights; test $argv[2] = provider; and printf "spacer\\nfaithful\\n"; or printf "latest\\n75a1\\n"; end\n'
LINES = [
    ("sameweights repo", "report"),
    ("sameweights study sh", "show"),
    ("sameweights pairs --al", "--all"),
    ("sameweights pairs --provider sp", "spacer"),
    ("sameweights show la", "latest"),
    ("sameweights report sp", "spacer"),
    ("sameweights alarms ack --acc", "--accept"),
    ("sameweights alarms ack la", "latest"),
]


def offered(shell: str, line: str, names: str = NAMES, fish: str = FISH) -> list[str]:
    script = completion_script(shell, COMMANDS)
    if shell == "bash":
        words = ["bash", "--norc", "-c", names + script + BASH.replace("LINE", line)]
    elif shell == "zsh":
        words = ["zsh", "-f", "-c", names + ZSH_BEFORE + script + ZSH_AFTER.replace("LINE", line)]
    else:
        words = ["fish", "--no-config", "-c", f"{fish}\n{script}\ncomplete -C '{line}'"]
    ran = subprocess.run(words, capture_output=True, text=True, check=True, timeout=PATIENCE)
    assert ran.stderr == ""
    last = line.rsplit(maxsplit=1)[-1]
    return [found for one in ran.stdout.splitlines() if (found := one.split("\t")[0]).startswith(last)]


@pytest.mark.slow
@pytest.mark.parametrize("shell", SHELLS)
def test_shell_offers_commands_flags_and_recorded_names(shell):
    for line, expected in LINES:
        assert expected in offered(shell, line), line


SOURCES = [
    ("sameweights pairs --db my.db --provider a", ["--db", "my.db"]),
    ("sameweights pairs --db=my.db --provider a", ["--db", "my.db"]),
    ("sameweights pairs own.toml --provider a", ["--config", "own.toml"]),
    ("sameweights report --config own.toml --provider a", ["--config", "own.toml"]),
    ("sameweights replay --db study-a.db --provider a", []),
]


@pytest.mark.slow
@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(("line", "flags"), SOURCES)
def test_names_come_from_the_records_that_the_line_names(shell, line, flags):
    # the one name that this command prints is made of its words
    names = 'sameweights() { echo "a$(IFS=,; echo "$*")"; }\n'
    fish = "function sameweights; echo a(string join -- , $argv); end\n"
    assert f"a{','.join(['names', 'provider', *flags])}" in offered(shell, line, names, fish)


@pytest.mark.parametrize("shell", SHELLS)
def test_every_command_and_flag_is_in_the_script(shell):
    script = completion_script(shell, COMMANDS)
    for one in COMMANDS:
        assert one.words.rpartition(" ")[2] in script
        assert all(flag.name.lstrip("-") in script for flag in one.flags)


@pytest.mark.parametrize("name", ["$(reboot)", "`reboot`", "a b", "a;b", "", "-rf", "a\nb", "'", "a" * 101, "\x1b[2J"])
def test_name_that_a_shell_expands_is_not_offered(name):
    assert not harmless(name)


@pytest.mark.parametrize("name", ["llama-3.1-8b", "org/model:free", "tools=yes", "a" * 100])
def test_ordinary_name_is_offered(name):
    assert harmless(name)


@given(st.text(alphabet="ab$`;|&<>(){}'\"\\ \n*?[]~#!", min_size=1))
def test_no_offered_name_holds_a_character_of_the_shell(name):
    assert not harmless(name) or set(name) <= {"a", "b"}
