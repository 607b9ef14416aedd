"""A model on this machine that takes a raw prompt, behind whichever completer runs it."""
