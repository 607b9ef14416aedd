"""What outlives a request: the database, behind plain functions, and the bytes of files."""
