"""The checkpoints of a run: which are there, which is the newest whole one, which are kept."""

import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pixlate import durable, tensorfile
from pixlate.errors import ModelFileError, RunError, WriteError

if TYPE_CHECKING:
    from torch import Tensor

_FORMAT = 2
_STATE = "state.safetensors"
_NAME = re.compile(r"step_(\d{8,})")


class Shelf:
    """A folder with one folder per checkpoint, step_00000300 for that of step 300, each with its SHA-256 manifest."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, step: int) -> Path:
        """Where the checkpoint of `step` is, or would be."""
        return self.folder / f"step_{step:08d}"

    def steps(self) -> list[int]:
        """The steps of all checkpoints, whole or damaged, oldest first; imports no torch."""
        if not self.folder.is_dir():
            return []
        matches = [_NAME.fullmatch(path.name) for path in self.folder.iterdir()]
        return sorted(int(match[1]) for match in matches if match)

    def newest(self) -> tuple[int | None, list[str]]:
        """The newest step whose checkpoint is whole, every byte of it, and what is wrong with any newer.

        None if there is no checkpoint at all.

        Raises:
            RunError: there are checkpoints, and every one is damaged.
        """
        faults: list[str] = []
        for step in reversed(self.steps()):
            if (fault := durable.fault(self.path(step))) is None:
                return step, faults
            faults.append(f"checkpoint {self.path(step)} is damaged and passed over: {fault}")
        if faults:
            raise RunError("; ".join(faults) + ". There is no other to go on from. Name another folder with --run.")
        return None, []

    def read(self, step: int) -> tuple[dict[str, "Tensor"], dict[str, Any]]:
        """The tensors, on the CPU, and the document of a checkpoint.

        Raises:
            RunError: it is damaged, or was written by another version.
        """
        path = self.path(step)
        if (fault := durable.fault(path)) is not None:
            raise RunError(f"checkpoint {path} is damaged: {fault}.")
        try:
            document = tensorfile.read_document(path / _STATE)
            if (document.get("kind"), document.get("format")) != ("checkpoint", _FORMAT):
                raise RunError(f"{path} was written by another version of pixlate. Start the run in another folder.")
            return tensorfile.read_tensors(path / _STATE), document
        except ModelFileError as error:
            raise RunError(f"{path} is no checkpoint ({error}).") from error

    def write(self, step: int, tensors: dict[str, "Tensor"], document: dict[str, Any]) -> None:
        """Write the checkpoint of `step`, whole or not at all.

        Raises:
            WriteError: it cannot be written; those there are untouched.
        """
        path = self.path(step)
        if path.exists():
            return  # A step has one state: what is there was written before the run was stopped here.
        with durable.folder(path) as folder:
            tensorfile.write(folder / _STATE, tensors, {"kind": "checkpoint", "format": _FORMAT, **document})

    def set_aside(self, newest: int) -> None:
        """Give those beyond `newest`, which are damaged, names that end in .damaged: nothing is removed by mistake."""
        for step in [step for step in self.steps() if step > newest]:
            aside = self.path(step).with_suffix(".damaged")
            if aside.exists():
                durable.discard(aside)
            durable.move(self.path(step), aside)

    def prune(self, newest: int, last: int, every: int | None, best: int | None) -> None:
        """Remove what is not among the `last` newest, at a multiple of `every`, or at the step `best`.

        `newest` is the step just written, whose checkpoint always stays. What cannot be removed now is tried again the
        next time.
        """
        steps = self.steps()
        kept = {newest, best, *steps[-last:], *(step for step in steps if every and step % every == 0)}
        for step in steps:
            if step not in kept:
                with suppress(WriteError):
                    durable.discard(self.path(step))
