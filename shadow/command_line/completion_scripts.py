"""completion_script(): the completion of a shell, generated from the parser; names come from the records by `sameweights names`.

A name from a record reaches a shell only where it has no character that a shell expands, since `compgen -W` expands its words.
The names are those of the database or configuration that the line names; the `--db` of a study is its own file.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from shadow.command_line.parser_tree import FILES, NAMED_VALUES, CommandWords

SHELLS = ("bash", "zsh", "fish")
HARMLESS = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/=-]{0,99}")
"""Names that are offered: no space, quote, dollar or backquote."""

SOURCE_CASES = r"""    case "$command/$last" in
      try*|replay*|probe*|fork*|study*) ;;
      */--db) from+=(--db "${part/#\~/$HOME}") ;;
      */--config) from+=(--config "${part/#\~/$HOME}") ;;
    esac
    case "$command/$part" in
      try*|replay*|probe*|fork*|study*) ;;
      */--db=*) from+=(--db "${part#--db=}") ;;
      */--config=*) from+=(--config "${part#--config=}") ;;
      *.toml) [ "$last" = --config ] || from+=(--config "${part/#\~/$HOME}") ;;
    esac"""
"""Collects in `from` the flags of `sameweights names` by which it reads the records that the line names."""
FISH_SOURCE = r"""function __sameweights_from --description 'the flags by which names come from the records of this line'
    set -l last
    for word in (commandline -opc)[2..-1]
        contains -- $word try replay probe fork study; and return
        set -l path (string replace -r '^~' $HOME -- $word)
        switch $last
            case --db --config
                printf '%s\n' $last $path
                set last
                continue
        end
        switch $word
            case '--db=*' '--config=*'
                string split -m 1 = -- $word
            case '*.toml'
                printf '%s\n' --config $path
        end
        set last $word
    end
end"""


def harmless(name: str) -> bool:
    """Whether a recorded name may be offered to a shell."""
    return HARMLESS.fullmatch(name) is not None


def completion_script(shell: str, commands: Sequence[CommandWords]) -> str:
    """The script for one of `SHELLS`."""
    return {"bash": _bash, "zsh": _zsh, "fish": _fish}[shell](commands)


def _bash(commands: Sequence[CommandWords]) -> str:
    return f"""\
# bash completion of sameweights: eval "$(sameweights completion bash)"
_sameweights() {{
  local word="${{COMP_WORDS[COMP_CWORD]}}" before="${{COMP_WORDS[COMP_CWORD-1]}}" command="" part words="" kind="" last=""
  local from=()
  for part in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
    [ "$part" != "=" ] || continue
{SOURCE_CASES}
    last="$part"
    case "$command $part" in
{_shell_cases(commands)}
    esac
  done
  case "$before" in
{_kinds()}
    {_file_flags(commands)}) COMPREPLY=($(compgen -f -- "$word")); return ;;
  esac
  if [ -z "$kind" ]; then
    case "$command" in
{_words_cases(commands)}
    esac
  fi
  case "$command" in
    show) [[ "$word" == -* || -n "$kind" ]] || kind=pair ;;
    report) [[ "$word" == -* || -n "$kind" ]] || kind=provider ;;
    "alarms ack") [[ "$word" == -* || -n "$kind" ]] || kind=alarm ;;
  esac
  [ -z "$kind" ] || words="$words $(sameweights names "$kind" "${{from[@]}}" 2>/dev/null)"
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}}
complete -o default -F _sameweights sameweights
"""


def _zsh(commands: Sequence[CommandWords]) -> str:
    return f"""\
#compdef sameweights
# zsh completion of sameweights: eval "$(sameweights completion zsh)"
_sameweights() {{
  local word="${{words[CURRENT]}}" before="${{words[CURRENT-1]}}" command="" part kind="" offered="" last=""
  local -a from=()
  for part in "${{(@Q)words[2,CURRENT-1]}}"; do
{SOURCE_CASES}
    last="$part"
    case "$command $part" in
{_shell_cases(commands)}
    esac
  done
  case "$before" in
{_kinds()}
    {_file_flags(commands)}) _files; return ;;
  esac
  if [[ -z "$kind" ]]; then
    case "$command" in
{_words_cases(commands).replace("words=", "offered=")}
    esac
  fi
  case "$command" in
    show) [[ "$word" == -* || -n "$kind" ]] || kind=pair ;;
    report) [[ "$word" == -* || -n "$kind" ]] || kind=provider ;;
    "alarms ack") [[ "$word" == -* || -n "$kind" ]] || kind=alarm ;;
  esac
  [[ -z "$kind" ]] || offered="$offered $(sameweights names "$kind" "${{from[@]}}" 2>/dev/null)"
  compadd -- ${{=offered}}
}}
compdef _sameweights sameweights
"""


def _fish(commands: Sequence[CommandWords]) -> str:
    lines = [
        "# fish completion of sameweights: sameweights completion fish | source",
        "function __sameweights_at --description 'whether the words so far begin with these'",
        "    set -l words",
        "    for word in (commandline -opc)[2..-1]",
        "        string match -q -- '-*' $word; or set -a words $word",
        "    end",
        "    set -l want (string join ' ' $argv)",
        "    set -l have (string join ' ' $words)",
        '    test "$have" = "$want"; and return',
        '    test -n "$want"; and string match -q -- "$want *" "$have"',
        "end",
        FISH_SOURCE,
        "complete -c sameweights -f",
    ]
    lines += [_fish_word(one) for one in commands]
    for one in commands:
        lines += [_fish_flag(one.words, flag.name, flag.value, flag.help) for flag in one.flags]
    for words, kind in (("show", "pair"), ("report", "provider"), ("alarms ack", "alarm")):
        lines.append(f"complete -c sameweights -n '__sameweights_at {words}' -f -a '{_fish_names(kind)}'")
    return "\n".join(lines) + "\n"


def _fish_word(one: CommandWords) -> str:
    before, _, name = one.words.rpartition(" ")
    return f"complete -c sameweights -n '{f'__sameweights_at {before}'.strip()}' -a {name} -d {_quoted(one.help)}"


def _fish_flag(words: str, name: str, value: str, text: str) -> str:
    switch = f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}"
    kind = NAMED_VALUES.get(name)
    values = f" -x -a '{_fish_names(kind)}'" if kind else " -r" if value else ""
    return f"complete -c sameweights -n '__sameweights_at {words}' {switch}{values} -d {_quoted(text)}"


def _fish_names(kind: str) -> str:
    return f"(sameweights names {kind} (__sameweights_from) 2>/dev/null)"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _shell_cases(commands: Sequence[CommandWords]) -> str:
    lines = []
    for one in commands:
        before, _, name = one.words.rpartition(" ")
        lines.append(f'      "{before} {name}") command="{one.words}" ;;')
    return "\n".join(lines)


def _kinds() -> str:
    kinds: dict[str, list[str]] = {}
    for flag, kind in NAMED_VALUES.items():
        kinds.setdefault(kind, []).append(flag)
    return "\n".join(f"    {'|'.join(flags)}) kind={kind} ;;" for kind, flags in kinds.items())


def _file_flags(commands: Sequence[CommandWords]) -> str:
    return "|".join(sorted({flag.name for one in commands for flag in one.flags if flag.value in FILES}))


def _words_cases(commands: Sequence[CommandWords]) -> str:
    groups: dict[str, list[str]] = {"": ["--help", "--version"]}
    for one in commands:
        before, _, name = one.words.rpartition(" ")
        groups.setdefault(before, ["--help"]).append(name)
        groups.setdefault(one.words, ["--help"]).extend(flag.name for flag in one.flags)
    return "\n".join(f'      "{words}") words="{" ".join(names)}" ;;' for words, names in groups.items())
