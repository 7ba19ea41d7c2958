"""The data sets of the papers: what they are, where they lie, and getting them here. Imports no torch."""
