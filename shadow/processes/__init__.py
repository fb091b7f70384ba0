"""The processes of `sameweights serve`: the supervisor, its children, and the audit."""
