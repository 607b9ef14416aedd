"""What is kept of requests that are over: rows, prices, metrics, traces."""
