"""Are our FID features those of torch-fidelity's own Inception-v3, for the same weights?

    python benchmarks/inception.py --torch-fidelity FOLDER [--write tests/networks/inception.json]

FOLDER is what the package torch-fidelity 0.3.0 unpacks to (the one that holds torch_fidelity/). The weights are made by
a formula (`waved`), so that the test has them too; --write keeps what theirs gave.
"""

import argparse
import json
import sys
import tempfile
import types
from importlib import import_module
from pathlib import Path

import torch
from torch import Tensor, nn

from pixlate.networks.inception import FEATURES, SIDE, Inception


def waved(network: nn.Module) -> nn.Module:
    """The network with weights that depend on their names and places alone, and keep its maps in bounds."""
    for number, (name, tensor) in enumerate(sorted(network.state_dict().items())):
        if not tensor.is_floating_point():
            continue
        wave = torch.sin(torch.arange(tensor.numel(), dtype=torch.float64) * (0.7 + number / 97) + number).view(
            tensor.shape
        )
        if tensor.ndim == 4:
            wave = wave * (2 / tensor[0].numel()) ** 0.5 * 1.4
        elif name.endswith(("running_var", "bn.weight")):
            wave = 1 + wave / 3
        else:
            wave = wave / 5
        tensor.copy_(wave)
    return network


def picture() -> Tensor:
    """Levels (1, 3, 299, 299) of 8 bits."""
    places = torch.arange(3 * SIDE * SIDE, dtype=torch.float64).view(1, 3, SIDE, SIDE)
    return ((torch.sin(places / 31) + torch.sin(places / 7001)) * 63 + 128).to(torch.uint8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--torch-fidelity", type=Path, required=True)
    parser.add_argument("--write", type=Path)
    given = parser.parse_args()
    # Its own __init__ wants torchvision, which this does not need.
    package = types.ModuleType("torch_fidelity")
    package.__path__ = [str(given.torch_fidelity / "torch_fidelity")]
    sys.modules["torch_fidelity"] = package
    room = import_module("torch_fidelity.feature_extractor_inceptionv3")
    ours = waved(Inception())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "weights.pth"
        beyond = {"fc.weight": torch.zeros(1008, FEATURES), "fc.bias": torch.zeros(1008)}
        torch.save({**ours.state_dict(), **beyond}, path)
        theirs = room.FeatureExtractorInceptionV3("", ["2048"], feature_extractor_weights_path=str(path)).eval()
    with torch.no_grad():
        found = ours((picture().float() - 128) / 128)[0]
        expected = theirs(picture())[0][0]
    apart = float((found - expected).abs().max())
    print(f"{FEATURES} features, largest {float(expected.abs().max()):.3f}, largest difference {apart:.2g}")
    if given.write:
        kept = {"every 64th": expected[::64].tolist(), "sum": float(expected.double().sum())}
        given.write.write_text(json.dumps(kept, indent=1) + "\n")


if __name__ == "__main__":
    main()
