"""Pure translation between the Messages shapes and a foreign dialect, in both directions."""
