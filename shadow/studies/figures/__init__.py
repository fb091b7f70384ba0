"""Figures of a replay in the definitions that published verifiers use, and in ours beside them; pure."""
