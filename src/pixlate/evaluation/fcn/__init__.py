"""The FCN-score (pix2pix, section 3.4): a segmenter trained on real photographs, and how well it reads outputs."""
