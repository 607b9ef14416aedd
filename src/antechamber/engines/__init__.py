"""Things that can take a turn; ``base`` is the contract, the rest is chosen by name in assembly."""
