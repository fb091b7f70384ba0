"""bench/planting.py: a pattern of syntax finds its place whatever the formatting and the names, and only there."""

import pytest

from bench.planting import places

MODULE = """
class Door:
    def close(self, a):
        if a.open and len(self.held) >= 3:
            a.count = a.count + 1
            self.log("ö",
                     a)


class Gate:
    def close(self, b):
        return b if b else None
"""


@pytest.fixture
def module(tmp_path):
    path = tmp_path / "m.py"
    path.write_text(MODULE, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("function", "old", "new", "written"),
    [
        ("close", "len(A) >= B", "B > len(A)", ("len(self.held) >= 3", "(3 > len(self.held))")),
        ("close", "A = A + 1", "pass", ("a.count = a.count + 1", "pass")),
        (
            "close",
            'self.log("ö", A)',
            "A.log()\nA.log()",
            ('self.log("ö",\n                     a)', "a.log()\n            a.log()"),
        ),
        ("close", "len(...)", "0", ("len(self.held)", "(0)")),
        ("Gate.close", "return A if A else None", "return A", ("return b if b else None", "return b")),
    ],
)
def test_a_pattern_is_replaced_at_its_one_place_and_nothing_else_changes(module, function, old, new, written):
    [place] = places([module], function, old, new)
    assert place.applied().decode() == MODULE.replace(*written)


@pytest.mark.parametrize(
    ("function", "old"), [("open", "len(A) >= B"), ("Gate.close", "len(A) >= B"), ("close", "len(A) > B"), ("close", "A = B + A")]
)
def test_a_pattern_of_another_function_or_another_syntax_has_no_place(module, function, old):
    assert places([module], function, old, "pass") == []
