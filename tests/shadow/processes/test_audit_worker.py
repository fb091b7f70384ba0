"""The places for shadows are shared out among the workers, to the last one."""

import pytest

from shadow.processes.audit_worker import share_of
from shadow.settings.top_level_config import Config, ShadowConfig


@pytest.mark.parametrize(("concurrency", "workers", "shares"), [(8, 3, [3, 3, 2]), (3, 3, [1, 1, 1]), (9, 2, [5, 4])])
def test_shares_of_the_places_come_to_all_of_them(concurrency, workers, shares):
    config = Config(shadow=ShadowConfig(concurrency=concurrency, queue=concurrency, audit_workers=workers))
    parts = [share_of(config, number).shadow for number in range(workers)]
    assert [part.concurrency for part in parts] == shares
    assert [part.queue for part in parts] == shares
