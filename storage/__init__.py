"""Memory: rows, and where they are kept; it knows neither the wire nor what the rows mean."""
