"""Everything that leaves this process over HTTP, and the seam that makes foreign errors ours."""
