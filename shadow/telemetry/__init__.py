"""Telemetry: stored exchanges and comparisons as OpenTelemetry spans and evaluation results, sent over OTLP."""
