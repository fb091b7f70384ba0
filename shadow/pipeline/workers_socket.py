"""WORKERS_SOCKET: where the audit process listens for its workers."""

WORKERS_SOCKET = "-w"
"""What the path of the workers' socket has behind that of the data plane's."""
