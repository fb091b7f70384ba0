"""Hypothesis without a deadline: these tests share their cores with others, and none of them is about speed."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")
