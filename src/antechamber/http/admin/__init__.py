"""The Admin API over HTTP: the organization, keys, workspaces, reports of usage and cost."""
