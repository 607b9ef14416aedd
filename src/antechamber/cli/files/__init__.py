"""Files that a server of the Messages API keeps, for requests to name."""
