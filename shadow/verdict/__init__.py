"""The one verdict about a provider and a model: all evidence in, one value out; every face prints it and none decides by
itself.
"""
