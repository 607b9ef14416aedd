"""Images as bytes and sizes: what their headers say, how they are shrunk, what they cost."""
