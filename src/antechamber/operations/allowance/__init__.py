"""What a caller may still do: rate limits, tiers and money."""
