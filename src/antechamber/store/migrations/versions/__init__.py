"""The steps, the oldest first by number."""
