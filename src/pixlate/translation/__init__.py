"""Translation: a model file and pictures of any size in, pictures out."""
