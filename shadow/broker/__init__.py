"""Exchanges over NATS JetStream: published by hosts that forward, consumed by hosts that audit."""
