"""Recipes: sources made out of targets (edges, holes, coarse and grey pictures), label colours, Lab. No torch here."""
