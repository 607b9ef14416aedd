"""Message Batches: created, shown, ended, and each of their requests answered once."""
