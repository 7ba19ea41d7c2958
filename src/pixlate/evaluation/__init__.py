"""Measuring: outputs beside targets, whoever made them."""
