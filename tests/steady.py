"""SteadyServer: a pretended provider whose answer depends on the request alone, however often it came."""

from shadow.demo.draws import RandomDraws
from shadow.demo.loose_json import Object
from shadow.demo.pretended_server import PretendedServer


class SteadyServer(PretendedServer):
    """As `PretendedServer`, without its count of how often a question came."""

    def _draws(self, body: Object) -> RandomDraws:
        self._times.clear()
        return super()._draws(body)
