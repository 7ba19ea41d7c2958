"""Which output belongs to which target."""

from pathlib import Path

import numpy as np
import pytest

from pixlate import images
from pixlate.errors import DataError
from pixlate.evaluation.matching import LABELS, half_of, match


def put(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(images.encode(np.zeros((4, 4, 3), np.uint8), ".png"))
    return folder


def names(outputs: Path, targets: Path, **more: object) -> list[str]:
    return [one.name for one in match(outputs, targets, **more).matches]  # type: ignore[arg-type]


def test_paths_within_the_folders_are_compared_without_their_endings(tmp_path: Path) -> None:
    made, wanted = put(tmp_path / "a", "1.png", "deep/2.png"), put(tmp_path / "b", "1.tif", "deep/2.jpg")
    assert names(made, wanted) == ["1", "deep/2"]


@pytest.mark.parametrize(
    ("theirs", "targets"),
    [
        (("x_fake_B.png", "x_real_A.png", "x_real_B.png"), ("x.png",)),
        (("x-inputs.png", "x-outputs.png", "x-targets.png"), ("x.jpg",)),
        (("x.png",), ("x_real_B.png", "x_fake_B.png")),
        (("aachen/x_leftImg8bit.png",), ("aachen/x_gtFine_color.png", "aachen/x_gtFine_labelIds.png")),
    ],
)
def test_what_other_programs_write_is_known_by_its_names(
    tmp_path: Path, theirs: tuple[str], targets: tuple[str]
) -> None:
    found = match(put(tmp_path / "a", *theirs), put(tmp_path / "b", *targets))
    assert [one.name.split("/")[-1] for one in found.matches] == ["x"]
    assert len(found.notes) == (len(theirs) > 1) + (len(targets) > 1)


def test_outputs_written_into_one_folder_are_known_by_their_names(tmp_path: Path) -> None:
    made = put(tmp_path / "a", "x.png", "y.png")
    assert names(made, put(tmp_path / "b", "aachen/x.png", "bonn/y.png")) == ["x", "y"]
    with pytest.raises(DataError, match="do not match"):
        match(made, put(tmp_path / "c", "aachen/x.png", "bonn/x.png"))


def test_one_folder_may_hold_both(tmp_path: Path) -> None:
    results = put(tmp_path / "images", "1_fake_B.png", "1_real_A.png", "1_real_B.png", "2_fake_B.png", "2_real_B.png")
    assert names(results, results) == ["1", "2"]


def test_of_cityscapes_labels_numbers_are_taken_before_colours(tmp_path: Path) -> None:
    made, wanted = (
        put(tmp_path / "a", "x_leftImg8bit.png"),
        put(tmp_path / "b", "x_gtFine_color.png", "x_gtFine_labelIds.png"),
    )
    assert match(made, wanted, endings=LABELS).matches[0].target.name == "x_gtFine_labelIds.png"


def test_folders_that_do_not_match_are_refused_with_names(tmp_path: Path) -> None:
    made, wanted = (
        put(tmp_path / "a", "1.png", "2.png"),
        put(tmp_path / "b", "1.png", "3.png", "4.png", "5.png", "6.png"),
    )
    with pytest.raises(DataError, match=r"1 of .*a \(2\) and 4 of .*b \(3, 4, 5, …\).*--common"):
        match(made, wanted)
    found = match(made, wanted, common=True)
    assert [one.name for one in found.matches] == ["1"]
    assert "1 outputs and 4 targets" in found.notes[0]


def test_folders_with_nothing_in_common_are_refused_even_so(tmp_path: Path) -> None:
    made, wanted = put(tmp_path / "a", "1.png"), put(tmp_path / "b", "2.png")
    with pytest.raises(DataError, match="do not match"):
        match(made, wanted, common=True)


def test_missing_empty_and_double_are_told(tmp_path: Path) -> None:
    made = put(tmp_path / "a", "1.png")
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "notes.txt").write_text("x")
    with pytest.raises(DataError, match="no folder"):
        match(made, tmp_path / "none")
    with pytest.raises(DataError, match="no pictures in"):
        match(made, tmp_path / "empty")
    with pytest.raises(DataError, match="one name"):
        match(put(tmp_path / "twice", "1.png", "1.jpg"), made)


def test_halves_of_pairs() -> None:
    assert [half_of(direction, side) for direction in ("AtoB", "BtoA") for side in ("source", "target")] == [  # type: ignore[arg-type]
        "left",
        "right",
        "right",
        "left",
    ]
    assert half_of(None) == "whole"
