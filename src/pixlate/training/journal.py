"""metrics.jsonl, and TensorBoard's event files beside it."""

import json
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pixlate import durable
from pixlate.errors import RunError
from pixlate.training import runfolder

Entry = dict[str, Any]


class Journal:
    """The run's measurements, one JSON object a line.

    `kind` is train (losses, and the share of time spent `waiting` for pictures), val (scores), guess (scores of one),
    left_out (a picture), skipped or rolled_back (a step); null is no finite number.
    """

    def __init__(
        self, path: Path, *, tensorboard: bool, lines: int, step: int, say: Callable[[str], None] = print
    ) -> None:
        """Go on after so many lines, of so many steps: what follows them is of a part that will run again."""
        self.path = path
        self._tensorboard, self._say = tensorboard, say
        self._board: _Board | None = None
        self.entries: list[Entry] = []
        self.go_back(lines, step)

    def go_back(self, lines: int, step: int) -> None:
        """Forget all but the first `lines` lines, those of the first `step` steps."""
        self.close()
        self.entries = _read(self.path)[:lines]
        if len(self.entries) < lines:
            self._say(f"{self.path} has lost {lines - len(self.entries)} of its lines; the run goes on without them")
        durable.write(self.path, "".join(map(_line, self.entries)).encode())
        if self._tensorboard:
            with self._sparing():
                self._board = _Board(self.path.parent / runfolder.TENSORBOARD, step)

    def add(self, kind: str, step: int, **values: Any) -> None:  # noqa: ANN401
        """Append one line; `values` are numbers, or texts."""
        entry = {"kind": kind, "step": step, **values}
        self.entries.append(entry)
        durable.append(self.path, _line(entry).encode())
        if self._board is not None and kind in ("train", "val"):
            with self._sparing():
                self._board.add(kind, step, values)

    def sync(self) -> int:
        """Let every line so far survive the loss of power; returns how many there are."""
        durable.append(self.path, b"", synced=True)
        return len(self.entries)

    def of(self, kind: str) -> list[Entry]:
        """All lines of one kind, oldest first."""
        return [entry for entry in self.entries if entry["kind"] == kind]

    def close(self) -> None:
        """Let the event files be complete."""
        if self._board is not None:
            with self._sparing():
                self._board.writer.close()
        self._board = None

    @contextmanager
    def _sparing(self) -> Iterator[None]:
        """Let TensorBoard's trouble end TensorBoard's files, not the run."""
        try:
            yield
        except OSError as error:
            self._board = None
            self._say(f"TensorBoard's event files go no further: {error}")


def _line(entry: Entry) -> str:
    finite = {
        name: None if isinstance(value, float) and not math.isfinite(value) else value for name, value in entry.items()
    }
    return json.dumps(finite, allow_nan=False) + "\n"


def _read(path: Path) -> list[Entry]:
    entries: list[Entry] = []
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        return entries
    except OSError as error:
        raise RunError(f"{path} cannot be read ({error.strerror}).") from error
    for line in lines:
        try:
            read = json.loads(line)
        except ValueError:
            break  # a line cut short by a crash, and what follows it
        if not isinstance(read, dict) or not read.keys() >= {"kind", "step"}:
            break
        entries.append({name: math.nan if value is None else value for name, value in read.items()})
    return entries


class _Board:
    """Scalars for TensorBoard, through its own writer: torch's wrapper costs a second of import."""

    def __init__(self, folder: Path, step: int) -> None:
        from tensorboard.compat.proto.event_pb2 import Event, SessionLog  # noqa: PLC0415
        from tensorboard.compat.proto.summary_pb2 import Summary  # noqa: PLC0415
        from tensorboard.summary.writer.event_file_writer import EventFileWriter  # noqa: PLC0415

        self._event, self._summary = Event, Summary
        folder.mkdir(parents=True, exist_ok=True)
        self.writer = EventFileWriter(str(folder))
        if step:  # TensorBoard then drops what earlier files say of later steps
            start = SessionLog(status=SessionLog.START)
            self.writer.add_event(Event(wall_time=time.time(), step=step + 1, session_log=start))

    def add(self, kind: str, step: int, values: Entry) -> None:
        summary = self._summary(
            value=[self._summary.Value(tag=f"{kind}/{name}", simple_value=value) for name, value in values.items()]
        )
        self.writer.add_event(self._event(wall_time=time.time(), step=step, summary=summary))
