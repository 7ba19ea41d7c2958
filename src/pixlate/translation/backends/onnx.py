"""A generator run by ONNX Runtime, on the CPU."""

import os

import torch

from pixlate.graphs.generators import graph_of
from pixlate.images.values import Floats
from pixlate.networks.building import Generator
from pixlate.networks.noise import Noise
from pixlate.specs.backends import BackendName

# Else its import numbers this user in his home, and tells its makers of each session over the web.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import onnxruntime

_KEPT = 2**19
"""Pixels of a picture after which the memory of its maps is given back; for smaller ones that takes too long."""


class OnnxBackend:
    """A session over the generator's graph."""

    name: BackendName = "onnx"
    most = 2**20
    memory = 2.0

    def __init__(self, generator: Generator, *, dropout: bool) -> None:
        self._graph = graph_of(generator, dropout=dropout, fast=True)
        self.least = self._graph.least
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        # The session reads the network's own memory, which the graph keeps alive.
        self._weights = [onnxruntime.OrtValue.ortvalue_from_numpy(values) for values in self._graph.weights.values()]
        options.add_external_initializers([*self._graph.weights], self._weights)
        model = self._graph.model(weights="outside").SerializeToString()
        self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    def __call__(self, source: Floats, noise: Noise | None) -> Floats:
        """(C, H, W) in [-1, 1] → (C', H, W) in [-1, 1]."""
        options = onnxruntime.RunOptions()
        if source[0].size > _KEPT:
            options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
        made: Floats = self._session.run(None, self._graph.inputs(source[None], noise), options)[0][0]
        return made
