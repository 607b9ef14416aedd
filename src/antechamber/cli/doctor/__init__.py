"""Looks at everything that a server needs before it starts, and says what to do about the rest."""
