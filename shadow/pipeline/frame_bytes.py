"""frame_bytes(), message_bytes(): how large what processes of one `serve` send each other may be, by the configuration."""

from proxy.packing import frame_limit
from shadow.settings.top_level_config import Config

MESSAGE_FRAMES = 8
"""Frames of the data plane that one message between the audit process and a worker may hold: it has all results of a turn."""


def frame_bytes(config: Config) -> int:
    """Bytes of one exchange, from a data-plane process or from a fetcher."""
    return frame_limit(max(config.proxy.limits.audit_body, config.shadow.max_body))


def message_bytes(config: Config) -> int:
    """Bytes of one message between the audit process and a worker."""
    return MESSAGE_FRAMES * frame_bytes(config)
