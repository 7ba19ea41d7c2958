"""What each method is told: a page of settings for each, and the table of them. Imports no torch."""
