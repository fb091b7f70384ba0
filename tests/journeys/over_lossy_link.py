"""The story that `test_fleet_over_a_lossy_link.py` runs in a network of its own, where only the broker is behind the link."""

import signal
from pathlib import Path

from shadow.demo.pretended_server import PretendedServer
from tests.brokers import connected, nats_cluster, settings
from tests.fleets import accounted, counted, fleet
from tests.lossy_link import FAR, NEAR


def resent() -> int:
    """Segments that TCP sent again in this network."""
    names, values = (line.split() for line in Path("/proc/net/snmp").read_text().splitlines() if line.startswith("Tcp:"))
    return int(values[names.index("RetransSegs")])


async def test_exchanges_pass_a_link_that_delays_and_loses_packets_while_the_leader_is_killed(serve, tmp_path, postgres_url):
    async with PretendedServer(seed=1) as main, nats_cluster(tmp_path / "nats", host=NEAR, far=FAR) as servers:
        config = settings(*servers)
        async with connected(config) as broker:
            leader = (await broker.api("STREAM.INFO.SAMEWEIGHTS_EXCHANGE_0"))["cluster"]["leader"]
        killed = next(server for server in servers if server.name == leader)
        async with fleet(serve, config, main, postgres_url) as (proxy, audit, traffic):
            async with traffic.flowing():
                await traffic.at_least(300)
                await killed.stop(signal.SIGKILL)
                await traffic.at_least(200)
                await killed.start()
                await traffic.at_least(100)
            await accounted(traffic, proxy, audit, config, postgres_url)
            assert await counted(proxy, audit) == 0
    assert resent() > 0, "no packet was lost"
