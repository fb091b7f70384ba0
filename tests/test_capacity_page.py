"""What docs/how-to/capacity.md reckons follows from what it says was measured, and that is what the results have."""

import re

from tests.boards import ROOT

PAGE = (ROOT / "docs" / "how-to" / "capacity.md").read_text(encoding="utf-8")
RESULTS = (ROOT / "bench" / "results" / "2026-11-29-capacity.md").read_text(encoding="utf-8")
LOADS = ((0, 1_000), (1, 1_000), (0, 100_000))
"""(small or stream, requests a second) of each column of what is reckoned."""
SAMPLED = 0.05
MEGA, GIGA, TERA = 1e6, 1e9, 1e12


def numbers(text: str) -> list[float]:
    return [float(found.replace(",", "")) for found in re.findall(r"\d[\d,]*(?:\.\d+)?", text)]


def row(name: str) -> list[float]:
    """The numbers of the row of this name."""
    (cells,) = re.findall(rf"(?m)^\| {re.escape(name)} \|(.*)$", PAGE.partition("## Reckoned")[0])
    return [numbers(cell)[0] for cell in cells.split("|")[:3] if re.fullmatch(r" [\d,.]+ ", cell)]


FORWARDING, PUBLISHER, BROKER = row("forwarding")[:2], row("publisher"), row("broker, three servers")
CONSUMER, AUDIT, SERVER = row("consumer"), row("audit and insert"), row("PostgreSQL server")
COMPARED, JUDGED = row("a pair, compared"), row("a pair, judged")
MESSAGE, KEPT, LOG = (
    row(f"{name}") for name in ("message to the broker", "in PostgreSQL, indexes included", "write-ahead log of PostgreSQL")
)


def reckoned(name: str) -> list[float]:
    (cells,) = re.findall(rf"(?m)^\| {re.escape(name)} \|(.*) \|$", PAGE.partition("## Reckoned")[2])
    return [float(cell) for cell in cells.split("|")]


def rounded(*values: float) -> list[float]:
    return [float(f"{value:.2g}") for value in values]


def test_cores_are_the_measured_microseconds_times_the_requests():
    costs = {
        "forwarding": lambda kind: FORWARDING[kind],
        "publishers": lambda kind: PUBLISHER[kind],
        "broker, three servers together": lambda kind: BROKER[kind],
        "auditors": lambda kind: CONSUMER[kind] + AUDIT[kind],
        "pairs, and fetching their reference answers": lambda kind: SAMPLED * (COMPARED[kind] + FORWARDING[kind]),
        "PostgreSQL": lambda kind: SERVER[kind],
        "judge": lambda kind: SAMPLED * JUDGED[kind],
    }
    for name, cost in costs.items():
        assert reckoned(name) == rounded(*(each * cost(kind) / MEGA for kind, each in LOADS)), name


def test_bytes_are_those_of_one_exchange_times_the_requests():
    assert reckoned("TB a day in PostgreSQL") == rounded(*(each * KEPT[kind] * 86_400 / TERA for kind, each in LOADS))
    assert reckoned("MB a second of write-ahead log") == rounded(*(each * LOG[kind] / MEGA for kind, each in LOADS))
    held = rounded(*(each * MESSAGE[kind] * 3_600 / GIGA for kind, each in LOADS))
    assert reckoned("GB in the broker after an hour without auditors") == held


def test_forwarding_is_what_a_core_carries():
    performance = (ROOT / "docs" / "explanation" / "performance.md").read_text(encoding="utf-8")
    assert "7,000 requests of 1 KB a second" in performance
    assert "33,000 chunks a second" in performance
    small = MEGA / 7_000
    assert [round(small), round(small + 300 * MEGA / 33_000, -1)] == FORWARDING


def test_figures_of_broker_and_store_are_the_largest_of_the_results():
    broker = "three NATS servers with three copies, all together"
    for name, own in (("publisher", PUBLISHER), (broker, BROKER), ("consumer", CONSUMER), ("PostgreSQL server: insert", SERVER)):
        (cells,) = re.findall(rf"(?m)^\| {re.escape(name)} \|(.*)$", RESULTS)
        assert [numbers(cell)[-1] for cell in cells.split("|")[:2]] == own
    assert f"150 µs a pair and its PostgreSQL server {int(JUDGED[0]) - 150}" in RESULTS
    for (small, stream), unit in ((MESSAGE, "message"), (KEPT, "bytes in the database"), (LOG, "write-ahead log")):
        assert f"| {int(small):,} | {int(stream):,} |" in RESULTS, unit


def test_the_example_follows_from_the_measured_figures():
    text = " ".join(PAGE.partition("## An example")[2].partition("## Not measured")[0].split())
    busiest, average, pairs = 300, 60, 300 * SAMPLED
    forwarding = busiest * FORWARDING[1] / MEGA
    assert f"are {forwarding:.2g} busy cores, {forwarding / 0.75:.2g} at 75 % load" in text
    assert f"are {busiest * (CONSUMER[1] + AUDIT[1]) / MEGA:.2g} cores" in text
    assert f"{pairs:.0f} pairs a second with their reference answers {pairs * (COMPARED[1] + FORWARDING[1]) / MEGA:.2g}." in text
    assert f"for 4 hours are {busiest * MESSAGE[1] * 4 * 3_600 / GIGA:.2g} GB" in text
    day = average * KEPT[1] * 86_400
    assert f"on average are {day / GIGA:.2g} GB a day" in text
    references = SAMPLED * 1.1
    assert f"add {references:.1%}".replace("%", " %") in text
    assert f"{day * 30 * (1 + references) / TERA:.2g} TB in 30 days" in text
    kept = 1 - (1 - 0.1) * (1 - SAMPLED)
    assert f"a share of {kept:.3g} of the requests is kept" in text
    assert f"{day * 30 * (kept + references) / TERA:.2g} TB." in text
    assert f"{pairs * JUDGED[1] / MEGA:.1g} cores" in text
