"""What a request must satisfy beyond its shape; one small function a rule, each with its source."""
