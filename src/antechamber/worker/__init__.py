"""What runs without a request: the work on batches, and housekeeping."""
