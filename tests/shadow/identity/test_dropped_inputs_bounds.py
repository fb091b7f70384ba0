"""What of the tools or the reasoning is missing, decided by what they cost the reference; each bound with values beside it."""

import pytest

from shadow.identity.dropped_inputs import changed_tools, dropped_reasoning
from shadow.identity.prompt_sample import TokenCause
from tests.shadow.identity.prompts import pair

DROPPED, SHORTENED, TEMPLATE = TokenCause.TOOLS_DROPPED, TokenCause.SCHEMAS_SHORTENED, TokenCause.TOOLS_TEMPLATE
SETS = {100: (1, 300), 200: (2, 600), 400: (3, 1_300), 800: (4, 2_800)}
"""Tools and their characters by what they cost: 25 tokens a tool and one for four characters; 300 in the median."""


def causes(found):
    return [cause for one in found for cause in one.causes]


def plain(count=16, noise=0, more=0):
    """Requests without tools, of one to four messages; every count of the reference misses by the noise, up and down."""
    made = [(100 + 30 * (place // 2 % 4) + noise * (-1) ** place, 1 + place // 2 % 4) for place in range(count)]
    return [pair(counted, counted + more, messages=messages) for counted, messages in made]


def offered(lack, sets=None, each=4, noise=0):
    """Requests with each set of tools, of which the provider lacks so many tokens by their cost."""
    found = []
    for cost, (tools, characters) in (sets or SETS).items():
        for place in range(each):
            counted = 100 + 30 * (place // 2) + cost + noise * (-1) ** place
            shape = {
                "messages": 1 + place // 2,
                "tools": tools,
                "tool_characters": characters,
                "schema_characters": characters // 2,
            }
            found.append(pair(counted, counted - round(lack(cost)), **shape))
    return found


def named(lack, *, without=16, noise=0, **more):
    return causes(changed_tools([*plain(without, noise), *offered(lack, noise=noise, **more)]))


def share(part):
    return lambda cost: part * cost


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (1.08, []),
        (1.06, [DROPPED]),
        (0.94, [DROPPED]),
        (0.92, []),
        (0.87, []),
        (0.84, [SHORTENED]),
        (0.16, [SHORTENED]),
        (0.14, []),
        (0.13, [TEMPLATE]),
        (0.02, [TEMPLATE]),
    ],
)
def test_missing_share_of_the_cost_of_tools_decides_what_is_missing(part, expected):
    assert named(share(part)) == expected


@pytest.mark.parametrize(
    ("noise", "without", "part", "expected"),
    [
        (22, 16, 1.0, [DROPPED]),
        (24, 16, 1.0, []),
        (27, 48, 1.0, [DROPPED]),
        (29, 48, 1.0, []),
        (22, 16, 0.9, [DROPPED]),
        (10, 16, 0.9, []),
        (22, 16, 0.82, []),
        (22, 16, 0.79, [SHORTENED]),
        (10, 16, 0.82, [SHORTENED]),
    ],
)
def test_cost_that_is_less_certain_widens_the_bounds_until_nothing_is_named(noise, without, part, expected):
    assert named(share(part), noise=noise, without=without) == expected


@pytest.mark.parametrize(
    ("lacks", "expected"),
    [
        ((50, 120, 180, 310), [SHORTENED]),
        ((50, 120, 180, 290), []),
        ((50, 120, 180, 495), [SHORTENED]),
        ((50, 120, 180, 510), []),
        ((0, 120, 180, 600), []),
        ((250, 250, 250, 250), []),
        ((251, 251, 251, 251), [SHORTENED]),
        ((40, 40, 40, 40), [TEMPLATE]),
        ((41, 41, 41, 41), []),
    ],
)
def test_part_is_missing_where_larger_tools_lack_more_or_more_is_missing_than_any_preamble_has(lacks, expected):
    of_cost = dict(zip(SETS, lacks, strict=True))
    assert named(of_cost.__getitem__) == expected


@pytest.mark.parametrize(("larger", "expected"), [(500, []), (540, [SHORTENED])])
def test_tools_of_nearly_one_size_do_not_show_a_part(larger, expected):
    sets = {400: (3, 1_300), larger: (4, 4 * (larger - 100))}
    assert named(share(0.5), sets=sets, each=8) == expected


def test_few_tokens_for_many_tools_are_no_template_where_they_are_a_real_part_of_the_cost():
    many = {cost: (10 * tools, characters) for cost, (tools, characters) in SETS.items()}
    assert named(lambda _: 60, sets=many) == []


@pytest.mark.parametrize(("cost", "expected"), [(11, [DROPPED]), (9, [])])
def test_tools_that_cost_ten_tokens_or_less_are_too_small(cost, expected):
    assert named(share(1.0), sets={cost: (1, 4 * cost)}, each=12) == expected


def test_one_tool_in_every_request_that_offers_any_has_a_cost_by_its_size_alone():
    assert named(share(1.0), sets={100: (1, 300)}, each=12) == [DROPPED]


def test_cost_that_cannot_be_separated_from_the_text_names_nothing():
    made = [pair(100 + place, text_characters=place) for place in range(0, 160, 10)]
    tools = [pair(200 + place, 100, tools=1, tool_characters=400 + place, text_characters=400 + place) for place in range(12)]
    assert causes(changed_tools([*made, *tools])) == []


@pytest.mark.parametrize(("each", "expected"), [(10, [TEMPLATE]), (9, [])])
def test_ten_requests_with_tools_are_enough(each, expected):
    assert named(lambda _: -30, sets={100: (1, 300)}, each=each) == expected


@pytest.mark.parametrize(("without", "expected"), [(10, TEMPLATE), (9, TokenCause.UNEXPLAINED)])
def test_ten_requests_without_tools_are_needed_to_blame_the_tools(without, expected):
    assert named(lambda _: -30, without=without) == [expected]


@pytest.mark.parametrize(("more", "expected"), [(-1, []), (1, []), (2, [TEMPLATE]), (-2, [TEMPLATE])])
def test_one_token_beside_tools_is_no_difference(more, expected):
    assert named(lambda _: -more) == expected


@pytest.mark.parametrize(
    ("lack", "sentence"),
    [
        (share(1), "the tools do not reach the provider's model (-300 tokens in the middle where there are any)"),
        (share(0.5), "about 50% of what the tools cost is missing: their schemas are dropped or shortened"),
        (lambda _: 30, "tools are written into the prompt differently (-30 tokens in the middle where there are any)"),
        (lambda _: -30, "tools are written into the prompt differently (+30 tokens in the middle where there are any)"),
    ],
)
def test_sentence_has_the_size_of_what_is_missing(lack, sentence):
    [found] = changed_tools([*plain(), *offered(lack)])
    assert (found.sentence, found.explained) == (sentence, 1.0)


def test_without_comparison_nothing_is_stated_about_the_tools():
    [found] = changed_tools([*plain(9), *offered(share(1))])
    assert found.sentence == ""


@pytest.mark.parametrize(("more", "explained"), [(1, 1.0), (2, 0.5)])
def test_request_without_tools_is_explained_by_no_difference_up_to_a_token(more, explained):
    [found] = changed_tools([*plain(more=more), *offered(share(1))])
    assert found.explained == explained


def listed(differences):
    """Requests with two or three tools, of another list of them for each (tool characters, schema characters)."""
    return [
        pair(2_000, 2_000 + difference, tools=tools, tool_characters=size, schema_characters=schema)
        for tools, size, schema, difference in differences
    ]


@pytest.mark.parametrize("by", ["tool characters", "schema characters"])
def test_lists_of_tools_that_hardly_come_twice_are_explained_by_a_line(by):
    rows = [(2 + place % 2, 500 + 20 * place, 1_000 + 40 * (place * 7 % 20)) for place in range(20)]
    made = listed([(*row, 3 * row[0] + (row[1] if by == "tool characters" else row[2]) // 20) for row in rows])
    [found] = changed_tools([*plain(), *made])
    assert (found.causes, found.explained) == ((TEMPLATE,), 1.0)


def test_lists_of_tools_of_one_size_a_tool_have_no_line_and_stay_unexplained():
    made = listed([(tools, 100 * tools, 0, 10 + 5 * tools) for tools in range(1, 13)])
    [found] = changed_tools([*plain(12), *made])
    assert found.explained == 0.5


@pytest.mark.parametrize(("repeated", "explained"), [(10, 30 / 40), (9, 1.0)])
def test_lists_that_come_again_explain_alone_where_they_are_half_of_the_requests(repeated, explained):
    rows = [(2, 500, 0)] * repeated + [(3, 600 + 20 * place, 0) for place in range(20 - repeated)]
    made = listed([(*row, 2 * row[0] + row[1] // 20) for row in rows])
    [found] = changed_tools([*plain(20), *made])
    assert found.explained == explained


@pytest.mark.parametrize(("times", "explained"), [(3, 1.0), (2, 20 / 22)])
def test_list_of_tools_is_known_from_three_requests(times, explained):
    made = listed([(1, 100, 0, 40)] * (12 if times == 3 else 10) + [(2, 200, 0, 70)] * times)
    [found] = changed_tools([*plain(len(made) if times == 3 else 10), *made])
    assert found.explained == pytest.approx(explained)


@pytest.mark.parametrize(("miss", "explained"), [(1, 1.0), (2, 24 / 32)])
def test_request_may_miss_what_is_known_of_its_list_of_tools_by_a_token(miss, explained):
    made = listed([(2, 500, 0, 40)] * 8 + [(2, 500, 0, 40 + miss)] * 4 + [(2, 500, 0, 40 - miss)] * 4)
    [found] = changed_tools([*plain(), *made])
    assert found.explained == explained


def test_system_message_that_only_requests_without_tools_have_is_no_cost_of_the_tools():
    systems = [pair(600 + 30 * place, 600 + 30 * place, messages=1 + place, system=1) for place in range(4)] * 8
    assert causes(changed_tools([*systems, *plain(), *offered(share(1))])) == [DROPPED]


def thinking(lack, *, count=10, without=10, turns=1, more=0):
    carrying = [pair(1_000, 1_000 - lack, reasoning_turns=turns, reasoning_characters=1_400) for _ in range(count)]
    return [*carrying, *(pair(500, 500 + more) for _ in range(without))]


@pytest.mark.parametrize(
    ("lack", "turns", "explained"),
    [(199, 1, 1.0), (198, 1, 0.5), (705, 1, 1.0), (706, 1, 0.5), (709, 2, 1.0), (710, 2, 0.5)],
)
def test_missing_reasoning_costs_a_token_for_two_to_seven_characters_and_four_a_turn(lack, turns, explained):
    [found] = dropped_reasoning(thinking(lack, turns=turns))
    assert (found.causes, found.explained) == ((TokenCause.REASONING_DROPPED,), explained)
    assert found.sentence == "earlier reasoning does not reach the provider's model"


@pytest.mark.parametrize(("more", "explained"), [(1, 1.0), (-1, 1.0), (2, 0.5)])
def test_request_without_earlier_reasoning_lacks_nothing_up_to_a_token(more, explained):
    [found] = dropped_reasoning(thinking(400, more=more))
    assert found.explained == explained


@pytest.mark.parametrize(("count", "without"), [(9, 10), (10, 9)])
def test_ten_requests_with_earlier_reasoning_and_ten_without_are_needed(count, without):
    assert [*dropped_reasoning(thinking(400, count=count, without=without))] == []
