"""Commands on the embedded data set: the demonstration, and drawing it."""

from pathlib import Path

from pixlate.cli.files import translate
from pixlate.specs.data import DataConfig
from pixlate.specs.networks import NetworksConfig
from pixlate.specs.training import DeviceName, LoopConfig, TrainConfig


def demo(
    folder: Path = Path("runs/demo"),
    /,
    *,
    size: int = 128,
    steps: int = 3000,
    pictures: int = 400,
    device: DeviceName = "auto",
) -> None:
    """Draw facades, learn to translate their label maps to photos, and translate label maps never seen.

    Parameters
    ----------
    folder
        Where the pictures, the run and the translations go.
    size
        Side of the pictures in pixels.
    steps
        Training steps.
    pictures
        Training pairs to draw.
    device
        Where to compute.
    """
    from pixlate.data.facades.writing import write  # noqa: PLC0415

    drawn = folder / "facades"
    print(f"drawing facades into {drawn}")
    write(drawn, (pictures, 40, 20), size)
    from pixlate import training  # noqa: PLC0415

    training.train(
        TrainConfig(
            DataConfig(str(drawn), direction="BtoA", size=str(size)),
            networks=NetworksConfig(width=32),
            loop=LoopConfig(run=str(folder / "run"), steps=steps, device=device),
        )
    )
    translate(
        folder / "run" / "model.safetensors",
        (drawn / "test",),
        out=folder / "translated",
        direction="BtoA",
        device=device,
    )


def facades(out: Path, /, *, train: int = 400, val: int = 40, test: int = 20, size: int = 128, seed: int = 0) -> None:
    """Draw the embedded set: side-by-side pictures, photo on the left (A), labels on the right (B).

    Parameters
    ----------
    out
        Folder to draw into.
    train
        Pictures in train/.
    val
        Pictures in val/.
    test
        Pictures in test/.
    size
        Side of each half in pixels, 32 to 512.
    seed
        Root of the drawing.
    """
    from pixlate.data.facades.writing import write  # noqa: PLC0415

    write(out, (train, val, test), size, seed)
    print(f"{train + val + test} pictures in {out}")
