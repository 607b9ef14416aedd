"""What outlives a request: the database, SQLite or PostgreSQL, behind plain functions."""
