"""The demo: pretended providers (test equipment, no real ones), traffic, and the real `serve` beside them."""
