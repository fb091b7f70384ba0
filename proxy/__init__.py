"""The data plane: bytes and times, forwarded as they came and remembered as they were; it never asks what they mean."""
