"""Recipes: sources made out of targets (edges, holes, coarse and grey pictures). No torch here."""
