"""The published shapes and names of the API, and the signatures on what we issue."""
