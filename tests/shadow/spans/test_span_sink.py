"""Without an endpoint nothing is sent, and none of the packages is loaded."""

import os
import subprocess
import sys
from pathlib import Path

from shadow.settings.top_level_config import OtelConfig
from shadow.spans.span_sink import NoSpans, span_sink

SCRIPT = """
import sys
import shadow.processes.audit_process, shadow.processes.audit_worker
from shadow.settings.top_level_config import OtelConfig
from shadow.spans.span_sink import span_sink
span_sink(OtelConfig(), {}).close()
assert not [name for name in sys.modules if name.startswith("opentelemetry")], "loaded"
"""


def test_without_an_endpoint_nothing_is_sent():
    assert isinstance(span_sink(OtelConfig(), {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}), NoSpans)


def test_audit_without_an_endpoint_loads_none_of_the_packages():
    environ = {**os.environ, "PYTHONPATH": str(Path.cwd())}
    ran = subprocess.run([sys.executable, "-c", SCRIPT], env=environ, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr


def test_endpoint_makes_a_sink_for_it():
    sink = span_sink(OtelConfig(endpoint="http://127.0.0.1:9"), {})
    assert "http://127.0.0.1:9" in repr(sink)
    sink.close()
