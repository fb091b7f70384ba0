"""The tools that a study had at its start, compared with those of its next."""

from pathlib import Path

import pytest

from shadow.settings.config_errors import ConfigError
from shadow.studies.probe.offered_before import OfferedBefore
from shadow.studies.worlds.offered_tools import OfferedTools


def offered(**descriptions):
    functions = [{"type": "function", "function": {"name": name, "description": text}} for name, text in descriptions.items()]
    return OfferedTools(functions=tuple(functions), origins={}, alterations=())


def test_the_first_tools_are_remembered_and_equal_ones_pass_in_any_order():
    before = OfferedBefore({})
    before.check(offered(a="x", b="y"), Path("s.db"))
    assert sorted(before.tools) == ["a", "b"]
    OfferedBefore(before.tools).check(offered(b="y", a="x"), Path("s.db"))


@pytest.mark.parametrize(
    ("now", "changes"),
    [
        ({"a": "x"}, "gone: b"),
        ({"a": "x", "b": "y", "c": "z"}, "new: c"),
        ({"a": "other", "b": "y"}, "changed: a"),
        ({"a": "other", "c": "z"}, "new: c; gone: b; changed: a"),
        ({"a": "x", "b": "y", **dict.fromkeys("cdefg", "")}, "new: c, d, e, f, g"),
        ({"a": "x", "b": "y", **dict.fromkeys("cdefgh", "")}, "new: c, d, e, f, g and 1 more"),
    ],
)
def test_other_tools_are_a_sentence_with_what_changed(now, changes):
    before = OfferedBefore({})
    before.check(offered(a="x", b="y"), Path("s.db"))
    with pytest.raises(ConfigError) as raised:
        before.check(offered(**now), Path("s.db"))
    assert raised.value.errors[0] == (
        f"s.db: the servers offer other tools than they did to the runs that it holds ({changes}); name another database with"
        " --db, or begin again with --fresh"
    )
