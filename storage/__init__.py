"""Storage: rows and the databases that hold them; it knows neither HTTP nor what the rows mean."""
