"""Scores and samples from fixed validation pictures: of pairs, and of what is not paired."""
