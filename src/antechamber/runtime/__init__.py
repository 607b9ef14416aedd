"""What every room may lean on: the clock, background tasks, the log."""
