"""An ONNX graph as it is written: operations, named weights, inputs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper
from torch import Tensor

from pixlate.networks.noise import Noise

SOURCE, OUTPUT, Z = "source", "output", "z"

_OPSET, _IR = 17, 8
"""Old enough for every runtime of the last years, and new enough for all that is written here."""

Array = NDArray[Any]


@dataclass(frozen=True)
class Mask:
    """A graph's input for one dropout: (1, channels, ⌈H/2ⁿ⌉, ⌈W/2ⁿ⌉), 2 for what is kept and 0 for the rest."""

    name: str
    channels: int
    halvings: int


class Graph:
    """A generator in ONNX: `source` (1, C, H, W) in [-1, 1] → `output` (1, C', H, W) in [-1, 1], for any H and W.

    What is random comes in by further inputs: Gaussian planes `z`, and a `Mask` for each dropout.
    """

    def __init__(self, in_channels: int, out_channels: int, z_channels: int = 0) -> None:
        self.weights: dict[str, Array] = {}
        """By name; they are the network's own memory, not copies."""
        self.masks: list[Mask] = []
        """In the order in which the network draws them."""
        self.least = 1
        """Pixels that the shorter side of a picture must have."""
        self._z = z_channels
        self._out = out_channels
        self._inputs = [_value(SOURCE, (1, in_channels, "H", "W"))]
        self._constants: list[TensorProto] = []
        self._nodes: list[NodeProto] = []
        if z_channels:
            self._inputs.append(_value(Z, (1, z_channels, "H", "W")))

    def op(self, kind: str, *inputs: str, name: str | None = None, **attributes: Any) -> str:  # noqa: ANN401
        """Add an operation; returns the name of what comes out."""
        output = name or f"{kind}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def weight(self, name: str, values: Tensor) -> str:
        """Add a network's tensor under its name."""
        self.weights[name] = values.detach().cpu().contiguous().numpy()
        return name

    def numbers(self, *values: int) -> str:
        """Add a small constant of whole numbers, such as pads; returns its name."""
        return self._constant(np.array(values, np.int64))

    def number(self, value: int) -> str:
        """Add a whole number without dimensions; returns its name."""
        return self._constant(np.array(value, np.int64))

    def _constant(self, values: Array) -> str:
        name = f"constant_{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(values, name))
        return name

    def mask(self, channels: int, halvings: int) -> str:
        """Add an input for a dropout; returns its name."""
        mask = Mask(f"mask_{len(self.masks) + 1}", channels, halvings)
        self.masks.append(mask)
        self._inputs.append(_value(mask.name, (1, channels, f"H_{mask.name}", f"W_{mask.name}")))
        return mask.name

    def inputs(self, source: Array, noise: Noise | None) -> dict[str, Array]:
        """What the graph is to be given for a picture (1, C, H, W): the noise is drawn as the network draws it.

        Without noise z is 0; a graph with masks needs some.
        """
        size = source.shape[-2:]
        given = {SOURCE: source}
        if self._z:
            like = torch.from_numpy(source)
            drawn = like.new_zeros(1, self._z, *size) if noise is None else noise.gaussian(like, self._z)
            given[Z] = drawn.numpy()
        for mask in self.masks:
            if noise is None:
                raise ValueError("a graph with dropout, and no noise")
            sides = [-(-side // 2**mask.halvings) for side in size]
            given[mask.name] = noise.dropout(torch.ones(1, mask.channels, *sides)).numpy()
        return given

    def model(self, weights: Literal["inside", "as inputs", "outside"] = "inside") -> ModelProto:
        """The graph as an ONNX model.

        Its weights are inside of it; or inputs of their own; or only named, with their shapes, for ONNX Runtime to be
        given their memory.
        """
        inputs, initializers = list(self._inputs), list(self._constants)
        if weights == "as inputs":
            inputs += [_value(name, values.shape) for name, values in self.weights.items()]
        elif weights == "inside":
            initializers += [numpy_helper.from_array(values, name) for name, values in self.weights.items()]
        else:
            initializers += _named(self.weights)
        graph = helper.make_graph(
            self._nodes, "generator", inputs, [_value(OUTPUT, (1, self._out, "H", "W"))], initializers
        )
        return helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR, producer_name="pixlate"
        )


def _value(name: str, shape: Sequence[int | str]) -> ValueInfoProto:
    """A float32 value; a side of a picture has but a name."""
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def _named(weights: Mapping[str, Array]) -> list[TensorProto]:
    named = []
    for name, values in weights.items():
        tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=values.shape)
        tensor.data_location = TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value="memory")
        named.append(tensor)
    return named
