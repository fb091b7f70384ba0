"""The tables of the first schema as they were released; never edited, because a step must do the same on every database."""

from __future__ import annotations

from sqlite_utils import Database

from storage.sqlite.strict_table import strict_table


def first_tables(db: Database) -> None:
    """Make the tables of exchanges and pairs, and the two ids that may not come twice."""
    strict_table(
        db,
        "exchanges",
        {
            "no": int,
            "id": str,
            "role": str,
            "started": float,
            "route": str,
            "provider": str,
            "reference": str,
            "model": str,
            "stream": int,
            "tag": str,
            "conversation": str,
            "method": str,
            "target": str,
            "status": int,
            "failure": str,
            "failure_detail": str,
            "unread": str,
            "echoed_model": str,
            "fingerprint": str,
            "finish_reason": str,
            "prompt_tokens": int,
            "completion_tokens": int,
            "seconds": float,
            "overhead": float,
            "head_seconds": float,
            "first_chunk": float,
            "first_token": float,
            "request_size": int,
            "request_digest": str,
            "response_size": int,
            "response_digest": str,
        },
        optional=frozenset({"status", "prompt_tokens", "completion_tokens", "head_seconds", "first_chunk", "first_token"}),
        key="no",
    )
    bodies: dict[str, type] = {"request_body": bytes, "response_body": bytes, "marks": bytes}
    strict_table(
        db,
        "payloads",
        {"exchange_no": int, "request_headers": str, "response_headers": str, **bodies},
        optional=frozenset({"request_body", "response_body"}),
        key="exchange_no",
        parent=("exchange_no", "exchanges", "no"),
    )
    strict_table(
        db,
        "tool_calls",
        {"exchange_no": int, "position": int, "call_id": str, "name": str, "arguments": str, "outcome": str},
        parent=("exchange_no", "exchanges", "no"),
    )
    strict_table(
        db,
        "checks",
        {
            "exchange_no": int,
            "comparison": str,
            "aspect": str,
            "state": str,
            "score": float,
            "reason": str,
            "subject": str,
            "reference": str,
        },
        optional=frozenset({"score"}),
        parent=("exchange_no", "exchanges", "no"),
    )
    strict_table(
        db,
        "pairs",
        {
            "no": int,
            "id": str,
            "started": float,
            "route": str,
            "model": str,
            "provider": str,
            "reference": str,
            "conversation": str,
            "request_fingerprint": str,
            "subject_id": str,
            "reference_id": str,
            "control_id": str,
            "control_reason": str,
            "comparable": str,
            "alterations": str,
        },
        key="no",
        parent=("subject_id", "exchanges", "id"),
    )
    strict_table(
        db,
        "findings",
        {
            "pair_no": int,
            "exchange_id": str,
            "comparison": str,
            "aspect": str,
            "state": str,
            "score": float,
            "reason": str,
            "subject": str,
            "reference": str,
        },
        optional=frozenset({"score"}),
        parent=("pair_no", "pairs", "no"),
    )
    strict_table(db, "payoffs", {"pair_no": int, "signal": str, "payoff": int}, parent=("pair_no", "pairs", "no"))
    db.table("exchanges").create_index(["id"], unique=True)
    db.table("pairs").create_index(["id"], unique=True)
