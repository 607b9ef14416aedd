"""What an administrator does: keys, workspaces, reports, the state of the server."""
