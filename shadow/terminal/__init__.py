"""Recorded pairs and answers as text for a terminal."""
