"""Connections to providers: a request out, a response read, for a client or for the audit."""
