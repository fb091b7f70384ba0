"""An error of JetStream keeps its code and its words."""

from shadow.broker.broker_errors import BrokerError, BrokerRefusal


def test_refusal_names_the_description_and_the_code():
    why = BrokerRefusal(10059, "stream not found")
    assert isinstance(why, BrokerError)
    assert (str(why), why.code) == ("the broker refuses: stream not found (10059)", 10059)
