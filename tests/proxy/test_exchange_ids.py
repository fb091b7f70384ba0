"""proxy.exchange_ids."""

import time

from proxy.exchange_ids import new_id


def test_names_sort_by_time_and_never_repeat(monkeypatch):
    made = []
    for now in (1, 2_000_000_000, 1_800_000_000 * 10**9):
        monkeypatch.setattr(time, "time_ns", lambda now=now: now)
        made += [new_id(), new_id()]
    assert len(set(made)) == 6
    assert [name[:12] for name in made] == sorted(name[:12] for name in made)
    assert {len(name) for name in made} == {28}
    assert {int(name[:12], 16) for name in made[-2:]} == {1_800_000_000_000}, "milliseconds"
