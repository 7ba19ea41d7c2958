"""One page per method: its networks, its objective, its step."""
