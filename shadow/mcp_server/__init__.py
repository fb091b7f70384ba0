"""Serves the records as tools of the Model Context Protocol, read-only; text from models and clients stands in marked members."""
