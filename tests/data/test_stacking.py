"""Further pictures stacked onto the sources: matched by name in every layout, in the order of the folders."""

import numpy as np
import pytest

from pixlate import images
from pixlate.data.loading import read
from pixlate.data.survey import survey
from pixlate.errors import ConfigError, DataError
from pixlate.specs.data import DataConfig


def save(path, level, channels=1, size=(8, 8), dtype=np.uint8):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(images.encode_png(np.full((*size, channels), level, dtype)))


def test_stacks_follow_names_parts_and_the_order_of_folders(tmp_path):
    for part, count in (("train", 3), ("val", 1), ("test", 1)):
        for number in range(count):
            name = f"{part}/{number}.png"
            save(tmp_path / "a" / name, 10 + number, 3)
            save(tmp_path / "b" / name, 0)
            save(tmp_path / "depth" / name, 20 + number)
            save(tmp_path / "heat" / name.replace("png", "bmp"), 30 + number)
    folders = [str(tmp_path / name) for name in ("a", "b", "depth", "heat")]
    for stack in ((folders[2], folders[3]), (folders[3], folders[2])):
        found = survey(DataConfig(folders[0], folders[1], stack=stack), 0)
        assert [len(part) for part in (found.train, found.val, found.test)] == [3, 1, 1]
        for number, file in enumerate(found.train.sources):
            levels = {folders[2]: 20, folders[3]: 30}
            wanted = [10 + number] * 3 + [levels[folder] + number for folder in stack]
            assert read(file, found.sides.source)[0, 0].tolist() == wanted
    # Stacked onto the sources, whichever side they are on.
    turned = survey(DataConfig(folders[0], folders[1], stack=(folders[2],), direction="BtoA"), 0)
    assert read(turned.train.sources[0], turned.sides.source)[0, 0].tolist() == [0, 20]
    assert turned.sides.target.channels == 3


def test_a_list_can_have_a_stack_too(tmp_path):
    for number in range(3):
        for folder in ("a", "b", "depth"):
            save(tmp_path / folder / f"{number}.png", number)
    (tmp_path / "some.csv").write_text("A,B\n" + "".join(f"a/{n}.png,b/{n}.png\n" for n in range(3)))
    (tmp_path / "stacked").mkdir()
    (tmp_path / "depth").rename(tmp_path / "stacked" / "a")
    found = survey(DataConfig(str(tmp_path / "some.csv"), stack=(str(tmp_path / "stacked"),)), 0)
    assert found.sides.source.channels == 2


def test_what_lacks_or_does_not_fit_is_told(tmp_path):
    for number in range(6):
        for folder in ("a", "b", "depth"):
            save(tmp_path / folder / f"{number}.png", number)
    (tmp_path / "depth" / "1.png").unlink()
    save(tmp_path / "depth" / "2.bmp", 0)
    save(tmp_path / "depth" / "3.png", 0, size=(8, 9))
    config = {"data": str(tmp_path / "a"), "data_b": str(tmp_path / "b"), "stack": (str(tmp_path / "depth"),)}
    with pytest.raises(DataError) as caught:
        survey(DataConfig(**config), 0)
    told = str(caught.value)
    assert "1 missing, 1 duplicate stem, 1 size mismatch" in told
    for word in ("a/1.png", "a/2.png", "depth/3.png", "8×9 px"):
        assert word in told
    found = survey(DataConfig(**config, skip_bad=True), 0)
    assert len(found.train) + len(found.val) == 3
    assert len(found.defects) == 3


def test_a_stack_is_for_pairs_and_must_be_there(tmp_path):
    for folder in ("a", "b"):
        for number in range(3):
            save(tmp_path / folder / f"{number}.png", number)
    config = DataConfig(str(tmp_path / "a"), str(tmp_path / "b"), stack=(str(tmp_path / "none"),))
    with pytest.raises(DataError, match=r"There is no folder .*none to stack"):
        survey(config, 0)
    with pytest.raises(ConfigError, match="--stack is for pairs"):
        survey(config, 0, paired=False)
