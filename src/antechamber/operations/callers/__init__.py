"""Who is asking: keys and what is remembered of them."""
