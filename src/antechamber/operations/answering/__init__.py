"""How one request gets its answer: who is asked, its turn or its relay, its account."""
