"""Finding pairs of pictures, preparing them, and serving them as batches."""
