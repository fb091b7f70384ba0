"""Replay: rows of data sets sent to every provider of a study, interleaved, resumable, compared and judged."""
