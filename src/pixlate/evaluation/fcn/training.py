"""Training a segmenter on real photographs and their labels."""

import copy
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from pixlate import draws, durable
from pixlate.data.lists import Part
from pixlate.devices import choose, memory_kept
from pixlate.errors import ConfigError, DataError, WriteError
from pixlate.evaluation.fcn import segmenter
from pixlate.evaluation.fcn.scenes import Scene, find_scenes, reading
from pixlate.evaluation.labels import LabelReader
from pixlate.foreign import reading as foreign
from pixlate.images import Picture
from pixlate.images.palette import IGNORE, Classes
from pixlate.metrics import segmentation
from pixlate.networks.fcn import FCN8s, build_fcn, from_vgg
from pixlate.networks.noise import Noise
from pixlate.specs.data import DataConfig, parse_size
from pixlate.specs.segmenter import FCNSpec, LabelRule, SegmenterCard, SegmenterConfig
from pixlate.specs.training import DeviceName
from pixlate.version import __version__

Read = Callable[[Scene], tuple[Picture, Classes]]
Tell = Callable[[str], None]

_SMALL = 32
"""Sides up to which a photograph is a single value in the innermost layers."""
_LOOKS = 10
"""Times that the validation part is read in a run; the weights that read it best are kept."""
_RATE, _RATE_VGG = 1e-3, 1e-4
"""Adam's rate at the start: of first weights drawn at random, and of VGG-16's, which have no norm to hold them."""
_HELD = 2**30
"""Bytes of photographs and labels that are kept in memory."""


def train(
    data: DataConfig,
    rule: LabelRule,
    config: SegmenterConfig,
    out: Path,
    device: DeviceName = "auto",
    tell: Tell = print,
) -> SegmenterCard:
    """Train a segmenter on the training part of `data` and write it to `out`.

    Its sources are labels, its targets photographs. Adam on the mean cross-entropy of the labelled pixels; photographs
    are mirrored by chance, and larger ones cropped. It is written with the weights of the epoch that read the
    validation part best, by class IoU.

    Raises:
        ConfigError: settings that contradict one another, or a file that is no VGG-16.
        DataError: no data set, or one without training pictures.
        PictureError: a picture that cannot be read.
    """
    config.check()
    if out.is_dir():
        raise WriteError(f"{out} is a folder; name a file, such as {out / 'fcn.safetensors'}.")
    size = None if config.size is None else parse_size(config.size)
    reader = LabelReader(rule)
    scenes = find_scenes(data, config.seed)
    if not scenes["train"]:
        raise DataError(f"{data.data}: no training photographs were found.")
    reader.refuse_other_palette([(scene.labels, scene.labels_half) for scene in scenes["train"]])
    spec = FCNSpec(reader.count, config.width, "none" if config.vgg else "batch")
    network, weights = _first(spec, config)
    place = choose(device)
    network.to(place)
    tell(f"{spec}; {len(scenes['train'])} training and {len(scenes['val'])} validation photographs")
    with memory_kept():
        best, validation = _learn(network, scenes, reading(reader, size), config, place, tell)
    network.load_state_dict(best)
    card = SegmenterCard(
        network=spec,
        labels=rule,
        colours=() if reader.palette is None else reader.palette.colours,
        names=reader.names,
        size=size or (),
        at=reader.read(scenes["train"][0].labels, scenes["train"][0].labels_half).shape,
        trained_on=Path(data.data).name,
        pictures=len(scenes["train"]),
        epochs=config.epochs,
        weights=weights,
        validation=validation,
        versions={"pixlate": __version__, "torch": torch.__version__},
    )
    segmenter.write(out, network, card)
    return card


def _first(spec: FCNSpec, config: SegmenterConfig) -> tuple[FCN8s, str]:
    """The network before it learns, and where its weights come from."""
    if config.vgg is None:
        return build_fcn(spec, draws.seed(config.seed, "first weights")), "drawn at random"
    path = Path(config.vgg)
    tensors = foreign.read(path)
    try:
        network = from_vgg(tensors, spec)
    except (KeyError, RuntimeError) as error:
        raise ConfigError(f"{path} holds no VGG-16 ({' '.join(str(error).split())[:200]}).") from error
    return network, f"{path.name}, SHA-256 {durable.sha256(path)}"


def _learn(
    network: FCN8s,
    scenes: dict[Part, list[Scene]],
    read: Read,
    config: SegmenterConfig,
    place: torch.device,
    tell: Tell,
) -> tuple[dict[str, Tensor], dict[str, float]]:
    """The best weights, and how well they read the validation part; the last where there is none."""
    highest = config.learning_rate or (_RATE if config.vgg is None else _RATE_VGG)
    optimizer = torch.optim.Adam(network.parameters(), highest, fused=place.type != "mps")
    held = _Held(read)
    steps = max(1, len(scenes["train"]) // config.batch_size)
    best: tuple[dict[str, Tensor], dict[str, float]] | None = None
    every = max(1, config.epochs // _LOOKS)
    for epoch in range(config.epochs):
        total = 0.0
        for step, (photos, labels) in enumerate(_batches(scenes["train"], held, config, epoch)):
            done = (epoch * steps + step) / (config.epochs * steps)
            for group in optimizer.param_groups:
                group["lr"] = highest * (1 - done) ** 0.9
            if network.spec.norm == "batch" and len(photos) == 1 and max(photos.shape[-2:]) <= _SMALL:
                raise DataError(
                    f"Single photographs of {_SMALL} px and less leave batch norm nothing to measure; take more."
                )
            noise = Noise(draws.seed(config.seed, "dropout", epoch, step))
            network.train()
            optimizer.zero_grad()
            scores = network(photos.to(place), noise)
            loss = F.cross_entropy(scores, labels.to(place).long(), ignore_index=IGNORE)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            total += float(loss.detach())
        if (epoch + 1) % every == 0 or epoch + 1 == config.epochs:
            found = _validated(network, scenes["val"], held, place)
            tell(f"epoch {epoch + 1}/{config.epochs}: loss {total / steps:.3f}{_told(found)}")
            if best is None or not found or found["iou"] > best[1]["iou"]:
                best = copy.deepcopy(network.state_dict()), found
    assert best is not None  # noqa: S101 - there is one epoch at least
    return best


def _batches(
    scenes: Sequence[Scene], read: Read, config: SegmenterConfig, epoch: int
) -> Iterator[tuple[Tensor, Tensor]]:
    order = np.random.Generator(np.random.PCG64(draws.seed(config.seed, "order", epoch))).permutation(len(scenes))
    size = min(config.batch_size, len(scenes))
    with ThreadPoolExecutor(2) as pool:
        read_ahead = pool.map(lambda place: (place, read(scenes[place])), order.tolist())
        batch: list[tuple[Picture, Classes]] = []
        for place, (photo, classes) in read_ahead:
            batch.append(_jittered(photo, classes, config, draws.seed(config.seed, "jitter", epoch, place)))
            if len(batch) == size:
                yield _joined(batch)
                batch = []


def _jittered(photo: Picture, classes: Classes, config: SegmenterConfig, seed: int) -> tuple[Picture, Classes]:
    """A square of at most `crop` pixels a side, mirrored by chance."""
    generator = np.random.Generator(np.random.PCG64(seed))
    height, width = classes.shape
    sides = min(height, config.crop), min(width, config.crop)
    top, left = (int(generator.integers(whole - side + 1)) for whole, side in zip((height, width), sides, strict=True))
    window = slice(top, top + sides[0]), slice(left, left + sides[1])
    photo, classes = photo[window], classes[window]
    return (photo[:, ::-1], classes[:, ::-1]) if generator.random() < 0.5 else (photo, classes)


def _joined(batch: list[tuple[Picture, Classes]]) -> tuple[Tensor, Tensor]:
    """Cut to the smallest of them, for photographs may differ in size."""
    height, width = (min(classes.shape[axis] for _, classes in batch) for axis in (0, 1))
    photos = torch.stack([segmenter.as_tensor(photo[:height, :width]) for photo, _ in batch])
    labels = np.stack([classes[:height, :width] for _, classes in batch])
    return photos, torch.from_numpy(labels)


class _Held:
    """Reads each scene once, as long as there is room."""

    def __init__(self, read: Read) -> None:
        self._read, self._kept, self._room = read, dict[Scene, tuple[Picture, Classes]](), _HELD

    def __call__(self, scene: Scene) -> tuple[Picture, Classes]:
        known = self._kept.get(scene)
        if known is None:
            known = self._read(scene)
            size = known[0].nbytes + known[1].nbytes
            if size <= self._room:
                self._kept[scene] = known
                self._room -= size
        return known


def _validated(network: FCN8s, scenes: Sequence[Scene], read: Read, place: torch.device) -> dict[str, float]:
    if not scenes:
        return {}
    network.eval()
    counts = []
    for scene in scenes:
        photo, classes = read(scene)
        counts.append(segmentation.confusion(segmenter.predicted(network, photo, place), classes, network.spec.classes))
    found = segmentation.accuracy(np.sum(counts, axis=0))
    return {name: float(value) for name, value in found._asdict().items()}


def _told(found: dict[str, float]) -> str:
    names = {"pixel": "per-pixel", "by_class": "per-class", "iou": "IoU"}
    return "".join(f"  {names[name]} {value:.3f}" for name, value in found.items())
