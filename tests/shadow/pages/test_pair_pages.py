"""The pages: what they show of real pairs, and that nothing stored can act on their reader."""

import json
import unicodedata
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from proxy.exchange import Failure, FailureKind
from shadow.drift.drift_signals import DriftSignal
from shadow.findings.finding import Signal
from shadow.findings.pair import ControlReason
from shadow.pages.pair_pages import FilterError, PairPages
from shadow.settings.top_level_config import Config
from storage.rows import IdentityRow
from storage.store import Store
from tests.conformance import exchange_record, finding, pair_record
from tests.exchanges import asked, exchange, said
from tests.pairs import keep_pair
from tests.records import add_live, add_pair

pytestmark = pytest.mark.slow


CONFIG = Config.model_validate(
    {"proxy": {"providers": {name: {"base_url": "https://example.com/v1"} for name in ("candidate", "official")}}}
)
HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<svg><script href='data:,alert(1)'/></svg>",
    "</title></style></textarea><script>alert(1)</script>",
    '"><iframe src=javascript:alert(1)>',
    "' autofocus onfocus=alert(1) x='",
    "![x](http://evil.example/leak.png)",
    "[click](javascript:alert(1))",
    "<a href=javascript:alert(1)>x</a>",
    "<meta http-equiv=refresh content='0;url=http://evil.example'>",
    "<link rel=stylesheet href=http://evil.example/x.css>",
    "{{ 7 * 7 }}{% raw %}${7*7}",
    "\x1b[2J\x1b]8;;http://evil.example\x07link\x1b]8;;\x07",
    "\u202ednim ruoy egnahc\u202c \u2066x\u2069 \U000e0041\U000e0042",
    "\x00\x01\x08\x9b31m \ufeff\u200b\u2028",
    "W" * 100_000,
]
ELEMENTS = frozenset(
    word
    for line in (
        "html head meta title link body header a img nav main p h1 h2 b span section article details summary div ins del",
        "table thead tbody tr th td code pre svg path ul li dl dt dd form label select option input button br",
    )
    for word in line.split()
)
ATTRIBUTES = frozenset(
    word
    for line in (
        "lang charset name content rel href type class src alt width height title colspan viewbox preserveaspectratio",
        "role aria-label d action method value selected placeholder autocomplete spellcheck",
    )
    for word in line.split()
)


class Reading(HTMLParser):
    """What a browser would make of a page: its elements, attributes, addresses and text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.attributes: set[str] = set()
        self.addresses: set[str] = set()
        self.marked: dict[str, list[str]] = {"ins": [], "del": []}
        self.text = ""
        self._open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self._open.append(tag)
        self.elements.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.addresses |= {value for name, value in attrs if name in {"href", "src", "action"}}

    def handle_endtag(self, tag):
        self._open.pop()

    def handle_data(self, data):
        self.text += data
        if self._open and self._open[-1] in self.marked:
            self.marked[self._open[-1]].append(data)


@pytest.fixture
def pages(store: Store):
    return PairPages(store, CONFIG)


def read_pair(pages: PairPages, pair_id: str) -> Reading:
    return Reading(pages.pair(pair_id))


def test_two_answers_stand_side_by_side_with_their_words_marked(pages, store):
    page = read_pair(pages, keep_pair(store, said("It is 9 degrees"), said("It is 11 degrees")))
    assert [word for word in page.marked["ins"] if word != "only here"] == ["9"]
    assert [word for word in page.marked["del"] if word != "only in the reference"] == ["11"]
    assert "candidate against official" in " ".join(page.text.split())


def test_control_is_the_third_column(pages, store):
    page = read_pair(pages, keep_pair(store, said("one"), said("two"), said("three"), reason=ControlReason.TIEBREAK))
    assert "second answer of the reference (tie-break)" in page.text
    assert "three" in page.marked["ins"]
    assert "Reference against itself" in page.text


def test_each_signal_has_the_state_of_the_pair_and_that_of_the_reference_against_itself(pages, store):
    page = pages.pair(keep_pair(store, said("one"), said("two"), said("two"), reason=ControlReason.RANDOM))
    rows = [part for part in page.split("<tr") if "<th>text</th>" in part]
    assert [(row.count("≠ differ"), row.count("✓ match")) for row in rows] == [(1, 1)]
    assert rows[0].index("≠ differ") < rows[0].index("✓ match")


def test_equal_texts_are_marked_identical(pages, store):
    page = read_pair(pages, keep_pair(store, said("the same"), said("the same")))
    assert "Both texts are identical" in page.text
    assert page.marked == {"ins": [], "del": []}


def test_each_state_has_its_symbol_and_its_reason(pages, store):
    page = read_pair(pages, keep_pair(store, said("Yes", finish_reason="length"), said("Yes")))
    for shown in ("≠ differ", "✓ match", "? not measured"):
        assert shown in page.text


def test_a_pair_that_is_not_comparable_gives_its_reason_at_the_top(pages, store):
    failed = exchange(b'{"error": {"message": "overloaded"}}', 503, asked())
    page = read_pair(pages, keep_pair(store, failed, said("Fine.")))
    assert "Not comparable." in page.text
    assert "overloaded" in page.text
    assert page.marked["del"] == [], "nothing differs from an answer that never came"


def test_changes_and_the_request_can_be_unfolded(pages, store):
    pair = keep_pair(store, said(), said(), alterations=("`user` was left out",))
    page = read_pair(pages, pair)
    assert "`user` was left out" in page.text
    assert "Say hello" in page.text
    assert f"/exchanges/{pair}/response" in page.addresses


def test_failed_checks_are_shown_with_the_answer(pages, store):
    page = read_pair(pages, keep_pair(store, said("", finish_reason="stop"), said("Fine.")))
    assert "≠ empty answer" in page.text


def test_answer_deleted_by_retention_is_stated_as_missing(store):
    class Forgetful:
        def __getattr__(self, name):
            return getattr(store, name)

        def exchange(self, exchange_id):
            return None if exchange_id.startswith("r") else store.exchange(exchange_id)

    page = read_pair(PairPages(Forgetful(), CONFIG), keep_pair(store, said("Yes"), said("No")))
    assert "The answer of the reference is not in the store" in page.text
    assert "Yes" in page.text


def test_pair_page_without_bodies_is_rendered(pages, store):
    page = read_pair(pages, keep_pair(store, said("a secret"), said("a secret"), bodies="none"))
    assert "was not kept" in page.text
    assert "secret" not in page.text


def test_an_unknown_pair_has_no_page(pages):
    assert pages.pair("f" * 32) is None


@pytest.mark.promise("reader.page")
@pytest.mark.parametrize("payload", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_answer_cannot_act_on_its_reader(pages, store, payload):
    call = {"id": payload, "type": "function", "function": {"name": payload, "arguments": json.dumps({payload: payload})}}
    other = {"id": "c", "type": "function", "function": {"name": payload, "arguments": payload}}
    body = json.loads(said(payload, message={"tool_calls": [call, other], "reasoning_content": payload, "refusal": payload}))
    body |= {"model": payload, "system_fingerprint": payload}
    live = exchange(
        json.dumps(body).encode(),
        request=asked(
            payload, tools=[{"type": "function", "function": {"name": payload, "parameters": {payload: {}}}}], user=payload
        ),
        model=payload,
        tag=payload,
        route=payload[:50],
        provider=payload[:50],
        conversation=payload,
    )
    error = exchange(json.dumps({"error": {"message": payload, "type": payload, "code": payload}}).encode(), 400, asked(payload))
    written = "".join(
        [
            pages.pair(keep_pair(store, live, said(payload[::-1]), live, alterations=(payload,), pair_id="1" * 32)),
            pages.pair(keep_pair(store, error, said("fine"), pair_id="2" * 32)),
            pages.index({"model": payload, "provider": payload}),
            pages.index({}),
            pages.message("No such pair", payload),
        ]
    )
    page = Reading(written)
    assert page.elements <= ELEMENTS
    assert page.attributes <= ATTRIBUTES
    assert all(address.startswith("/") and not address.startswith("//") for address in page.addresses)
    assert not [char for char in written if unicodedata.category(char) in {"Cc", "Cs"} and char not in "\t\n"]
    assert not {"\u202e", "\u2066", "\u200b", "\u2028", "\U000e0041"} & set(written)
    assert len(written) < 3_000_000
    written.encode()


def test_the_list_is_newest_first_and_leads_to_each_pair(pages, store):
    for number in (1, 2):
        keep_pair(store, said("Yes"), said("No way"), pair_id=f"{number:032}")
    page = pages.index({})
    assert page.index(f"/pairs/{2:032}") < page.index(f"/pairs/{1:032}")


def test_long_list_is_paged_and_keeps_its_filter(pages, store):
    for number in range(50 + 1):
        keep_pair(store, said("Yes"), said("Yes"), pair_id=f"{number:032}")
    first = Reading(pages.index({"provider": "candidate"}))
    [older] = [address for address in first.addresses if "before=" in address]
    assert older == f"/pairs?provider=candidate&before={1:032}"
    second = Reading(pages.index({"provider": "candidate", "before": f"{1:032}"}))
    assert f"/pairs/{0:032}" in second.addresses
    assert f"/pairs/{1:032}" not in second.addresses
    assert "Newest" in second.text


def test_the_list_filters_by_provider_signal_and_state(pages, store):
    keep_pair(store, said("Yes"), said("No, never, not at all"), pair_id="1" * 32)
    keep_pair(store, exchange(said("Yes"), request=asked(), provider="official"), said("Yes"), pair_id="2" * 32)
    assert "1" * 32 not in pages.index({"provider": "official"})
    assert "1" * 32 in pages.index({"signal": "text", "state": "differ"})
    assert "2" * 32 not in pages.index({"signal": "text", "state": "differ"})


def test_the_list_takes_the_older_name_of_the_signal_in_an_address(pages, store):
    keep_pair(store, said("Yes"), said("No, never, not at all"), pair_id="1" * 32)
    assert "1" * 32 in pages.index({"aspect": "text", "state": "differ"})
    assert "1" * 32 not in pages.index({"aspect": "seed", "state": "differ"})


def test_answers_that_failed_a_check_are_listed_without_a_pair(pages, store):
    add_live(store, "candidate", "run together", faults=[Signal.LOST_SPACE])
    sampled = add_pair(store, "candidate", "also together", "also together", faults=[Signal.EMPTY_ANSWER])
    add_live(store, "official", "fine")
    assert store.flush(20)
    page = Reading(pages.answers({"provider": "candidate"}))
    assert "not sampled" in page.text
    assert f"/pairs/{sampled}" in page.addresses
    assert Reading(pages.answers({"signal": "lost_space"})).text.count("seen") == 1
    assert "No answer failed this check" in pages.answers({"signal": "stop"})
    assert pages.answers({"check": "lost_space"}) == pages.answers({"signal": "lost_space"}), "the older name"


def test_answer_list_is_paged(pages, store):
    for number in range(50 + 1):
        found = (finding("stop", "differ", exchange_id=f"{number:032}", comparison="check"),)
        store.add_exchange(replace(exchange_record(f"{number:032}"), findings=found))
    assert store.flush(20)
    first = Reading(pages.answers({"signal": "stop"}))
    assert f"/answers?signal=stop&before={1:032}" in first.addresses
    assert f"/exchanges/{0:032}/request" in Reading(pages.answers({"signal": "stop", "before": f"{1:032}"})).addresses


@pytest.mark.parametrize("check", ["text", "<script>"])
def test_unknown_check_is_refused_with_the_known_ones(pages, check):
    with pytest.raises(FilterError, match=r"Known: applied_parameters, broken_characters, .*usage"):
        pages.answers({"signal": check})


def test_the_list_filters_by_the_segment_of_the_requests(pages, store):
    for number in range(50 + 1):
        name = f"{number:032}"
        store.add_exchange(exchange_record(name))
        store.add_pair(pair_record(name, shape='{"segments": {"tools": "no"}}'))
    assert store.flush(20)
    found = Reading(pages.index({"segment": "tools=no"}))
    assert f"/pairs/{1:032}" in found.addresses
    assert f"/pairs?segment=tools%3Dno&before={1:032}" in found.addresses
    assert "with this filter" in pages.index({"segment": "tools=yes"})


def test_empty_list_states_what_to_expect(pages):
    assert "shadow.sample_rate" in pages.index({})
    assert "with this filter" in pages.index({"model": "none"})


def test_signal_name_of_an_alert_is_accepted_as_a_filter(pages):
    assert all(pages.index({"signal": signal.value, "state": "differ"}) for signal in DriftSignal)


@pytest.mark.parametrize("query", [{"state": "broken"}, {"signal": "<script>"}, {"segment": "tools=maybe"}])
def test_unknown_filter_value_is_refused_with_the_known_ones(pages, query):
    with pytest.raises(FilterError, match=r"Known: .*(not_measured|valid_calls|tools=yes)"):
        pages.index(query)


def test_a_broken_stream_is_shown_with_its_end(pages, store):
    failure = Failure(kind=FailureKind.CLOSED, detail="the provider closed the stream", after_head=True)
    broken = exchange(b'data: {"choices": [{"delta": {"content": "Hal', request=asked(stream=True), failure=failure, stream=True)
    assert "the provider closed the stream" in read_pair(pages, keep_pair(store, broken, said("Half"))).text


@pytest.mark.promise("reader.page")
def test_identity_page_shows_traits_and_escapes_them(store):
    row = IdentityRow(
        exchange_id="e",
        started=1_790_000_000.0,
        provider="near",
        model="<b>m</b>",
        identity="0a1b2c3d4e5f",
        previous="",
        changes="[]",
        facts='{"server": ["<script>"]}',
    )
    store.add_exchange(replace(exchange_record("e"), identities=(row,)))
    assert store.flush(20)
    page = PairPages(store, Config()).serving()
    assert "0a1b2c3d4e5f" in page
    assert "&lt;script&gt;" in page
    assert "<b>m</b>" not in page
