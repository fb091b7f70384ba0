from shadow.drift.signals import AGREEMENT, DIRECTED, LABELLED, LABELS, Signal
from tests.shadow.compare.made import answer, ask, call, choice


def test_every_signal_has_its_test():
    known = {signal.signal for signal in (*LABELLED, *DIRECTED)} | {Signal.TEXT, Signal.ERROR}
    assert known == set(Signal)
    assert {signal.signal for signal in LABELLED} == LABELS
    assert not AGREEMENT & {signal.signal for signal in DIRECTED}


def test_a_signal_applies_to_a_pair_in_both_orders_alike():
    legs = [
        answer("a"),
        answer(choice(calls=(call(),))),
        answer(choice(calls=(call("x", "{"),), finish="length")),
        answer(choice(None)),
    ]
    for signal in (*LABELLED, *DIRECTED):
        for y in legs:
            for r in legs:
                assert signal.applicable(ask(), y, r) == signal.applicable(ask(), r, y)
