"""Finds for the sentences of an answer the passages of the sources that say the same."""
