"""Images and PDFs as bytes: how large a model sees them, what that costs, what text is in them."""
