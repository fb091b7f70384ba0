"""A broken row reads as file, line and sentence."""

from shadow.studies.rows.row import BrokenRow


def test_a_broken_row_is_its_place_and_its_sentence():
    assert str(BrokenRow(place="a.jsonl:3", sentence="is not JSON")) == "a.jsonl:3: is not JSON"
