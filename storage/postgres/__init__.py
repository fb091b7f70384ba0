"""The store in a PostgreSQL server: partitions by day, one writer in each process, readers, retention by dropping days."""
