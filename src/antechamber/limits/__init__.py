"""Who may go now: token buckets, kept in this process or on Valkey for all that share it."""
