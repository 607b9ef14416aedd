"""What is true of every model that takes a raw prompt: its template, tools, reasoning, steps."""
