"""The papers' networks, by their names and layer tables. Nothing here knows a loss, a file or a method."""
