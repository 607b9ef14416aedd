"""Model files for engines of the type ``local``: bring, list, remove."""
