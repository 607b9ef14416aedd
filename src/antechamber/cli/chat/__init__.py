"""A conversation in the terminal with any server of the Messages API."""
