"""HED's weights, as its port to PyTorch has them."""

from dataclasses import replace
from pathlib import Path

from pixlate.errors import ModelFileError, printable
from pixlate.foreign.reading import read
from pixlate.networks.hed import HED, STAGES
from pixlate.recipes import edges
from pixlate.recipes.protocol import Recipe

_NUMBERS = ("One", "Two", "Three", "Four", "Five")


def load(path: Path) -> HED:
    """HED with the weights of a .pth file of the usual port (`netVggOne.0.weight`, …), or the same as safetensors.

    The file's SHA-256 is the recipe's to tell: `recipes.table.fingerprints`.

    Raises:
        ModelFileError: a file that cannot be read safely, or does not hold exactly these tensors.
    """
    given = {_current(name): tensor for name, tensor in read(path).items()}
    names, network = theirs(), HED()
    shapes = {name: tensor.shape for name, tensor in network.state_dict().items()}
    if missing := [names[name] for name in shapes if names[name] not in given]:
        raise ModelFileError(f"{path} holds no HED: it lacks {missing[0]}, and {len(missing) - 1} more tensors.")
    if strange := set(given) - set(names.values()):
        raise ModelFileError(f"{path} is like HED, but has a tensor {printable(min(strange))!r} beside.")
    for name, shape in shapes.items():
        if (found := given[names[name]].shape) != shape:
            raise ModelFileError(f"{path} holds no HED: {names[name]} is {tuple(found)}, not {tuple(shape)}.")
    network.load_state_dict({name: given[names[name]].float() for name in shapes}, assign=True)
    return network.requires_grad_(requires_grad=False).eval()


def theirs() -> dict[str, str]:
    """The port's name for each of our tensors."""
    layers = {"fusion": "netCombine.0"}
    for stage, (number, filters) in enumerate(zip(_NUMBERS, STAGES, strict=True)):
        pooled = int(stage > 0)  # theirs counts the pooling as a layer
        layers |= {f"stages.{stage}.{2 * k}": f"netVgg{number}.{2 * k + pooled}" for k in range(len(filters))}
        layers[f"sides.{stage}"] = f"netScore{number}"
    return {f"{ours}.{kind}": f"{their}.{kind}" for ours, their in layers.items() for kind in ("weight", "bias")}


def _current(name: str) -> str:
    """Older files say `moduleVggOne` for `netVggOne`."""
    return f"net{name.removeprefix('module')}" if name.startswith("module") else name


def bound(recipe: Recipe) -> Recipe:
    """The recipe, with the network of its weights if it is HED's.

    Raises:
        ModelFileError: as `load`.
    """
    return replace(recipe, detector=load(Path(recipe.weights)).detect) if isinstance(recipe, edges.HED) else recipe
