"""A generator as an ONNX graph, written layer by layer from its own modules."""
