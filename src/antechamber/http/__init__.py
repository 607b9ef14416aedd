"""HTTP to operations and back; the only room that knows ASGI."""
