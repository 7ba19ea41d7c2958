"""index.html in the run folder: curves, scores and samples through time, without a server."""
