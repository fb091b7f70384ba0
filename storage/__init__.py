"""Storage: rows and the databases that hold them, independent of HTTP and of the meaning of the rows."""
