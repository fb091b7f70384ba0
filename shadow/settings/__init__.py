"""The configuration: one file, the environment over it, flags over both; every error at once."""
