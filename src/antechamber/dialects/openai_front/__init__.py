"""OpenAI's chat completions as they come in at the front: into a Messages request, and back out."""
