"""Numbers from two pictures, or from two sets of them."""
