"""The embedded set as files: what is drawn does not depend on how much else is."""

from pathlib import Path

import pytest

from pixlate.data.facades.writing import write
from pixlate.errors import ConfigError, DataError


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.png")}


def test_counts_move_no_building_and_no_part_repeats_another(tmp_path: Path) -> None:
    write(tmp_path / "few", (2, 2, 1), size=32)
    write(tmp_path / "many", (5, 3, 2), size=32)
    few, many = contents(tmp_path / "few"), contents(tmp_path / "many")
    assert few.items() <= many.items()
    assert len(set(many.values())) == len(many) == 10


def test_the_same_call_again_changes_nothing_and_mends_what_is_missing(tmp_path: Path) -> None:
    write(tmp_path / "set", (2, 1, 0), size=32)
    before = contents(tmp_path / "set")
    (tmp_path / "set" / "train" / "0001.png").unlink()
    write(tmp_path / "set", (2, 1, 0), size=32)
    assert contents(tmp_path / "set") == before


@pytest.mark.parametrize("other", [{"counts": (3, 1, 0)}, {"size": 64}, {"seed": 1}])
def test_another_set_is_not_mixed_in(tmp_path: Path, other: dict[str, object]) -> None:
    write(tmp_path / "set", (2, 1, 0), size=32)
    before = contents(tmp_path / "set")
    with pytest.raises(DataError, match="name another"):
        write(tmp_path / "set", **{"counts": (2, 1, 0), "size": 32, "seed": 0, **other})  # type: ignore[arg-type]
    assert contents(tmp_path / "set") == before


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(DataError, match="holds something else"):
        write(tmp_path, (1, 0, 0), size=32)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_impossible_sets_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        write(tmp_path / "set", (-1, 0, 0))
    with pytest.raises(ConfigError):
        write(tmp_path / "set", (1, 0, 0), size=8)
    assert not (tmp_path / "set").exists()
