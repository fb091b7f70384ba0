"""A reader that notes how many rows each query may return."""


class MostRows:
    """Passes every query on to `reader`; `most` has by its name the last argument of each, the most rows that it may return."""

    def __init__(self, reader, most=None):
        self._reader = reader
        self.most = {} if most is None else most

    def __getattr__(self, name):
        found = getattr(self._reader, name)
        if not callable(found):
            return MostRows(found, self.most)

        def query(*given, **named):
            self.most.setdefault(name, []).append(given[-1] if given else None)
            return found(*given, **named)

        return query
