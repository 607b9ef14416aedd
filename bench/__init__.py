"""Measurements, never tests: this server beside the thing that it wraps, in one run."""
