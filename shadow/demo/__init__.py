"""The demo: pretended providers (test equipment, not real providers), test traffic, and the real `serve` between them."""
