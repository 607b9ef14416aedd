"""How the tables came to be: one step a file, only ever added to."""
