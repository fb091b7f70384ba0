"""Judging: runs stored pairs through the drift statistics, stores the judgements and sends alarms."""
