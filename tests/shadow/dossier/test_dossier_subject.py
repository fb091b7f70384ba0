"""What a dossier is about."""

import pytest

from shadow.dossier.dossier_subject import dossier_subject
from shadow.settings.config_errors import ConfigError
from storage.judgement_rows import AlarmRow
from storage.rows import PairGroup
from tests.records import NOW, add_pair


class WithAlarm:
    """A store with one alarm."""

    def __init__(self, store, pair_id):
        self._store, self.judgements = store, self
        group = PairGroup(route="r", model="m", provider="garbler", reference="official")
        self._alarm = AlarmRow(at=NOW, pair_id=pair_id, group=group, old="ok", new="drift", name="text", details="{}")

    def __getattr__(self, name):
        return getattr(self._store, name)

    def alarms(self, since, until):
        return [self._alarm] if (since, until) == (0.0, 0.0) else []  # without bounds, as the store has it


@pytest.fixture
def recorded(store):
    add_pair(store, "garbler", "Hello", "Hello")
    assert store.flush(20)
    return store


def test_provider_has_the_period_given_or_everything(recorded):
    assert dossier_subject(recorded, "garbler", None, NOW) == ("garbler", 0.0, NOW)
    assert dossier_subject(recorded, "garbler", 5.0, NOW) == ("garbler", 5.0, NOW)


def test_alarm_is_named_by_its_pair_and_begins_a_day_before(recorded):
    reader = WithAlarm(recorded, "01a227b08dac")
    assert dossier_subject(reader, "8dac", None, NOW + 9) == ("garbler", NOW - 86_400, NOW + 9)
    assert dossier_subject(reader, "01a227b08dac", 7.0, NOW + 9).since == 7.0


@pytest.mark.parametrize("name", ["garblr", "dac", ""])
def test_any_other_name_is_refused(recorded, name):
    with pytest.raises(ConfigError, match=r"no provider or alarm is called"):
        dossier_subject(WithAlarm(recorded, "01a227b08dac"), name, None, NOW)
