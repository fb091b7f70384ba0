"""Tools that a task names and no server offers."""

from shadow.studies.probe.offer_errors import offer_errors
from shadow.studies.probe.task import Task
from shadow.studies.worlds.offered_tools import OfferedTools

OFFERED = OfferedTools(
    functions=tuple({"type": "function", "function": {"name": name}} for name in ("get_charges", "list_vehicles")),
    origins={},
    alterations=(),
)


def test_an_unknown_tool_of_a_group_is_named_with_what_was_meant():
    task = Task(name="t", prompts=("p",), groups={"charges": ("get_chargez", "get_charges")}, forbid=("drop",))
    assert offer_errors(task, OFFERED) == [
        "task.groups.charges: no server offers 'get_chargez'; did you mean 'get_charges'?  (known: get_charges, list_vehicles)",
        "task.forbid: no server offers 'drop'  (known: get_charges, list_vehicles)",
    ]


def test_a_task_whose_tools_are_all_offered_has_none():
    assert offer_errors(Task(name="t", prompts=("p",), groups={"a": ("get_charges",)}), OFFERED) == []
