"""Messages as OpenAI chat completions and back: requests out, chunks in, all of it pure."""
