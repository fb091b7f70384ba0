"""The admin port: metrics, health and HTML pages."""
