"""What a request shows: looked up, fetched, read."""
