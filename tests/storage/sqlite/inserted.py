"""Rows of a database as the writer inserts them."""

from storage.prepared_records import RecordPreparer
from storage.sqlite.record_insertion import insert


def put(conn, *records) -> None:
    """Insert these records in one transaction."""
    prepare = RecordPreparer().prepare
    insert(conn, [prepare(record) for record in records])
