"""The bound of a frame follows the larger of the two bodies that are kept."""

import pytest

from proxy.provider_config import Limits, ProxyConfig
from shadow.pipeline.frame_bytes import frame_bytes, message_bytes
from shadow.settings.top_level_config import Config, ShadowConfig


@pytest.mark.parametrize(("audit_body", "max_body"), [(5_000_000, 2_000), (2_000, 5_000_000)])
def test_frame_holds_two_of_the_larger_bodies_and_a_message_eight_frames(audit_body, max_body):
    config = Config(proxy=ProxyConfig(limits=Limits(audit_body=audit_body)), shadow=ShadowConfig(max_body=max_body))
    assert frame_bytes(config) == 2 * 5_000_000 + 4 * 1024 * 1024
    assert message_bytes(config) == 8 * (2 * 5_000_000 + 4 * 1024 * 1024)
