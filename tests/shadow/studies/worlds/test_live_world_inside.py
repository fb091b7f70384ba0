"""Worlds of servers inside the study's process: what is shown of their tools, and what becomes of a call."""

from shadow.studies.worlds.live_world import WorldPlace, live_world
from shadow.studies.worlds.offered_tools import ListedTool
from shadow.studies.worlds.server_spec import Isolation, ServerSpec
from shadow.studies.worlds.tool_answers import ToolText
from shadow.studies.worlds.world import AnswerSource, in_world

SPEC = ServerSpec(name="s", command=("notes", "--quick"), isolation=Isolation.IN_PROCESS, pass_env=("ONE", "TWO"))
ENVIRON = {"ONE": "value-one", "TWO": "value-two"}


class Notes:
    """A server that answers each call with its arguments, altered in one way; a call of `late` too late."""

    def __init__(self, name, *tools):
        self.name = name
        self.tools = tools

    async def call(self, tool, arguments):
        return ToolText(text=str(arguments), is_error=tool == "bad", alterations=("cut",)), tool != "late"


def tool(name, *, description="D", schema=None):
    return ListedTool(
        server="s",
        name=name,
        description=description,
        schema=schema or {"type": "object", "properties": {}},
        read_only=True,
        task=False,
    )


async def used(folder, use, *tools):
    place = WorldPlace(
        folder=folder, here=folder, run="r1", environ=ENVIRON, inside={"notes": lambda spec: Notes(spec.name, *tools)}
    )
    return await in_world(lambda: live_world([SPEC], place), use)


async def test_a_name_that_holds_two_values_hides_its_tool_and_the_first_is_named(tmp_path):
    async def use(world):
        return world.offered, world.listed

    offered, listed = await used(tmp_path, use, tool("value-two-and-value-one"), tool("plain"))
    assert list(offered.origins) == ["plain"]
    assert [one.name for one in listed] == ["plain"]
    assert offered.alterations == ("s: a tool is hidden: its name holds the value of TWO",)


async def test_a_value_in_the_description_and_in_the_schema_of_a_tool_is_masked_and_noted_once(tmp_path):
    async def use(world):
        return world.offered

    schema = {"type": "object", "properties": {"a": {"default": "value-one"}}, "title": "value-two"}
    offered = await used(tmp_path, use, tool("read", description="of value-one", schema=schema))
    function = offered.functions[0]["function"]
    assert function["description"] == "of [ONE]"
    assert function["parameters"] == {"type": "object", "properties": {"a": {"default": "[ONE]"}}, "title": "[TWO]"}
    assert offered.alterations == ("s: 'read': value of ONE masked", "s: 'read': value of TWO masked")


async def test_an_answer_is_live_unless_it_came_too_late_and_keeps_what_was_altered(tmp_path):
    async def use(world):
        return [await world.call(name, {"a": 1}) for name in ("good", "bad", "late")]

    answers = await used(tmp_path, use, tool("good"), tool("bad"), tool("late"))
    assert [(one.text, one.is_error, one.alterations) for one in answers] == [
        ("{'a': 1}", name == "bad", ("cut",)) for name in ("good", "bad", "late")
    ]
    assert [one.source for one in answers] == [AnswerSource.LIVE, AnswerSource.LIVE, AnswerSource.TIMEOUT]
    assert all(one.seconds >= 0 for one in answers)
