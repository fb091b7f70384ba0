"""A plan on the terminal: wrapped to its width, without controls."""

from shadow.studies.outputs.print_plan import print_plan


def test_lines_fit_the_terminal_and_go_on_behind_their_indent(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    print_plan(["study s", f"  rows       {'many words ' * 8}\x1b[31m"], indent=13, err=False)
    first, *rest = capsys.readouterr().out.splitlines()
    assert first == "study s"
    assert len(rest) == 3
    assert all(len(line) <= 60 for line in rest)
    assert all(line.startswith(" " * 13) for line in rest[1:])
    assert "\x1b" not in "".join(rest)


def test_beside_a_result_a_plan_goes_to_standard_error(capsys):
    print_plan(["study s"], indent=0, err=True)
    assert capsys.readouterr() == ("", "study s\n")
