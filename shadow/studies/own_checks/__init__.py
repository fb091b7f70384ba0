"""The checks that a user writes for a task or a row: what an answer must be, with points."""
