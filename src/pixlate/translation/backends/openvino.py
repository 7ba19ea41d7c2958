"""A generator run by OpenVINO, on the CPU."""

import sys
from functools import cache

import torch

from pixlate.graphs.generators import graph_of
from pixlate.images.values import Floats
from pixlate.networks.building import Generator
from pixlate.networks.noise import Noise
from pixlate.specs.backends import BackendName

# Importing openvino tells its makers of it over the web, unless it finds nothing to tell them with.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]

import openvino  # noqa: E402
from openvino import opset13  # noqa: E402

_KEPT = 2**19
"""Pixels of a picture after which the memory of its maps is given back; for smaller ones that takes too long."""


@cache
def _core() -> openvino.Core:
    """One for all, which lasts as long as the process.

    The processor's plugin that a core loads gives its thread another stack for signals, and puts the one before back
    when it goes. Of two that do not go in the reverse of their order, the second puts back what the first has freed,
    and the next signal ends the process without a word.
    """
    return openvino.Core()


class OpenvinoBackend:
    """The generator's graph, compiled."""

    name: BackendName = "openvino"
    most = 2**20
    memory = 1.6

    def __init__(self, generator: Generator, *, dropout: bool) -> None:
        self._graph = graph_of(generator, dropout=dropout, fast=True)
        self.least = self._graph.least
        core = _core()
        model = core.read_model(self._graph.model(weights="as inputs").SerializeToString(), b"")
        for parameter in model.get_parameters():
            values = self._graph.weights.get(parameter.get_friendly_name())
            if values is not None:  # not a copy: written into the model, the weights would be read and written thrice
                constant = opset13.constant(values, shared_memory=True)
                for use in parameter.output(0).get_target_inputs():
                    use.replace_source_output(constant.output(0))
                model.remove_parameter(parameter)
        # Left to itself it computes in 16 bits where the processor can.
        exact = {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"}
        self._model = core.compile_model(model, "CPU", exact | {"INFERENCE_NUM_THREADS": torch.get_num_threads()})
        self._request = self._model.create_infer_request()

    def __call__(self, source: Floats, noise: Noise | None) -> Floats:
        """(C, H, W) in [-1, 1] → (C', H, W) in [-1, 1]."""
        made: Floats = self._request.infer(self._graph.inputs(source[None], noise))[0][0]
        if source[0].size > _KEPT:
            self._model.release_memory()
        return made
