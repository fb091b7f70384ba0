"""The plan: every answer once, interleaved and shuffled by the seed, equal requests counted on."""

import json
from collections import Counter

from proxy.exchange import Role
from proxy.provider_config import Provider
from shadow.sampling.shadow_body import ShadowBody
from shadow.studies.chat_request import ChatRequest
from shadow.studies.replay.plan_cost import plan_cost
from shadow.studies.replay.replay_plan import replay_plan
from shadow.studies.replay.request_key import request_key
from shadow.studies.rows.row import Row
from shadow.studies.targets import Targets
from tests.exchanges import asked

TARGETS = Targets(candidates=("a", "b"), reference="r")
PROVIDERS = {name: Provider(base_url=f"http://{name}.example/v1") for name in ("a", "b", "r")}


def rows(*texts: str) -> list[Row]:
    return [Row(id=f"f:{number}", shape="chat", request=ChatRequest(body=asked(text))) for number, text in enumerate(texts, 1)]


def plan(made, *, seed: int = 1, passes: int = 1, providers=None, targets=TARGETS):
    return replay_plan(
        made,
        targets=targets,
        providers=providers or PROVIDERS,
        prepare=lambda request, _: ShadowBody(body=request.body, alterations=()),
        seed=seed,
        passes=passes,
    )


def test_each_row_has_one_request_for_each_candidate_and_two_for_the_reference():
    made = plan(rows("x", "y", "z"))
    assert len(made.blocks) == made.rows == 3
    for block in made.blocks:
        assert Counter((request.target, request.role) for request in block.requests) == {
            ("a", Role.PRIMARY): 1,
            ("b", Role.PRIMARY): 1,
            ("r", Role.SHADOW): 1,
            ("r", Role.CONTROL): 1,
        }
    assert len({request.key for request in made.requests}) == 12


def test_the_ceiling_and_the_limit_are_those_of_the_body_that_is_sent():
    def prepare(request, target):
        more = {"max_tokens": 1} if target == "a" else {}
        kept = {name: value for name, value in json.loads(request.body).items() if name != "max_tokens"}
        return ShadowBody(body=json.dumps({**kept, **more}).encode(), alterations=())

    [row] = [Row(id="f:1", shape="chat", request=ChatRequest(body=asked("x", max_tokens=20)))]
    made = replay_plan([row], targets=TARGETS, providers=PROVIDERS, prepare=prepare, seed=1)
    by_target = {request.target: request for request in made.requests}
    assert by_target["a"].ceiling.tokens == by_target["a"].length + 1_000 + 1
    assert by_target["a"].limited
    assert by_target["r"].ceiling.tokens == by_target["r"].length + 1_000
    assert not by_target["r"].limited
    assert plan_cost(made, providers=PROVIDERS).unlimited == 1


def test_the_order_depends_on_the_seed_alone():
    texts = [f"q{number}" for number in range(30)]
    one, again, other = plan(rows(*texts)), plan(rows(*texts)), plan(rows(*texts), seed=2)
    assert [request.key for request in one.requests] == [request.key for request in again.requests]
    assert [block.row.id for block in one.blocks] != [block.row.id for block in other.blocks]
    assert len({tuple(request.target for request in block.requests) for block in one.blocks}) > 3


def test_equal_rows_and_passes_have_answers_of_their_own():
    made = plan(rows("same", "same"), passes=2)
    assert len({request.key for request in made.requests}) == 16
    assert {request.repeat for request in made.requests if request.target == "a"} == {0, 1, 2, 3}
    assert {request.repeat for request in made.requests if request.target == "r"} == set(range(8))
    counted = {request_key(PROVIDERS["a"], "/v1/chat/completions", asked("same"), (), repeat) for repeat in range(4)}
    assert {request.key for request in made.requests if request.target == "a"} == counted


def test_one_server_under_two_names_has_answers_of_its_own():
    providers = {**PROVIDERS, "a": PROVIDERS["r"]}
    assert len({request.key for request in plan(rows("x"), providers=providers).requests}) == 4


def test_more_rows_leave_the_keys_of_the_others_as_they_were():
    few, more = plan(rows("x", "y")), plan(rows("x", "y", "z"))
    assert {request.key for request in few.requests} < {request.key for request in more.requests}
