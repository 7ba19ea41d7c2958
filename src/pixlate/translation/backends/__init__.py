"""What runs a generator: torch, ONNX Runtime or OpenVINO, to the same result but for rounding."""
