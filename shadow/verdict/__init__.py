"""The one verdict about a provider and a model: all evidence in, one value out; every page and report prints it and decides
nothing itself.
"""
