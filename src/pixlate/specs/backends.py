"""What may run a generator in translation."""

from typing import Literal

BackendName = Literal["auto", "torch", "onnx", "openvino"]
"""auto: on the CPU OpenVINO where it is installed, else ONNX Runtime where that is, else torch; elsewhere torch."""
