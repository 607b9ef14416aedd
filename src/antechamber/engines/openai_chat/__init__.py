"""The engine for hosts that speak OpenAI's chat format, and what is known of each host."""
