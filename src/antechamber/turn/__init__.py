"""One assistant turn as events: what engines emit, and the stream that clients see."""
