"""A generator's forward pass over one picture in bands of rows, for pictures larger than memory."""
