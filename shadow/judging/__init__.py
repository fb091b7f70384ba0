"""Stored pairs through the drift statistics, and what came of them kept, exported and sent."""
