"""The exporter is that of the configuration; without an endpoint there is none, and OpenTelemetry is not loaded."""

import subprocess
import sys
from pathlib import Path

import pytest

from shadow.settings.load_config import load
from shadow.settings.top_level_config import Config
from shadow.telemetry.configured_exporter import configured_exporter
from tests.exchanges import exchange, said
from tests.otlp_receiver import OtlpReceiver
from tests.records import add_live, record
from tests.running import until

PROBE = """
import sys
from shadow.telemetry.configured_exporter import configured_exporter
from shadow.settings.top_level_config import Config
import shadow.processes.audit_process, proxy.server
assert configured_exporter(Config(), None, {}, print, int) is None
print([name for name in sys.modules if name.startswith(("opentelemetry.proto", "google.protobuf"))])
"""


@pytest.mark.slow
def test_without_an_endpoint_nothing_of_opentelemetry_is_loaded():
    root = Path(__file__).resolve().parents[3]
    ran = subprocess.run([sys.executable, "-c", PROBE], cwd=root, capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"


@pytest.mark.slow
async def test_exporter_sends_to_the_endpoint_with_the_fields_of_its_variable(store, tmp_path):
    async with OtlpReceiver() as receiver:
        file = tmp_path / "s.toml"
        file.write_text(
            '[proxy]\nprovider = "a"\n[proxy.providers.a]\nbase_url = "http://h/v1"\n'
            f'[otel]\nendpoint = "{receiver.url}"\nheaders_env = "FIELDS"\nservice_name = "mine"\n'
        )
        environ = {"FIELDS": "x-scope=1"}
        exporter = configured_exporter(load(file, {}, environ), store, environ, lambda *_: None, int)

        class Offering:
            def add_exchange(self, record):
                store.add_exchange(record, lambda _: exporter.offer(record))

        add_live(Offering(), "a", id=exchange(said()).id)
        exporter.start()
        await until(lambda: receiver.spans)
        await exporter.finish(20)
    assert receiver.resources[0]["service.name"] == "mine"
    assert receiver.requests[0][1]["x-scope"] == "1"


@pytest.mark.parametrize(("waiting", "spans"), [(50, 1), (51, 0)])
async def test_nothing_is_read_for_spans_while_more_than_fifty_exchanges_wait_for_the_audit(store, waiting, spans):
    async with OtlpReceiver() as receiver:
        config = Config(otel={"endpoint": receiver.url})
        exporter = configured_exporter(config, store, {}, lambda *_: None, lambda: waiting)
        exporter.offer(record(add_live(store, "a")))
        assert store.flush(20)
        await exporter.send_waiting()
        assert len(receiver.spans) == spans
        await exporter.finish(20)
