"""Arranging files: sets split, pairs joined, taken apart and aligned, pictures cut into tiles. Imports no torch."""
