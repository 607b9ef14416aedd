"""Batches of a server of the Messages API: sent from a file, watched, and brought back."""
