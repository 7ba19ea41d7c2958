"""The files of pytorch-CycleGAN-and-pix2pix ("the incumbent"), in and out. The only room with its words."""
