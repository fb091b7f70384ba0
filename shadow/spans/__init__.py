"""Recorded requests and their comparisons as spans of OpenTelemetry, for an OTLP endpoint; off by default."""
