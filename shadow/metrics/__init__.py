"""The Prometheus series of the audit: their definitions, their labels, and what sets them."""
