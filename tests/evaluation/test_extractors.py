"""FID, KID and LPIPS by files on this machine: what they are called, and what is refused. The weights are made up."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pixlate import images
from pixlate.evaluation import extractors
from pixlate.evaluation.fcn import training
from pixlate.networks.inception import Inception
from pixlate.networks.lpips import LPIPS, WIDTHS
from pixlate.specs.data import DataConfig
from pixlate.specs.segmenter import LabelRule, SegmenterConfig


def lay(folder: Path, count: int, shift: int = 0, seed: int = 0) -> Path:
    folder.mkdir()
    generator = np.random.default_rng(seed)
    for number in range(count):
        coarse = generator.integers(0, 200, (5, 5, 3)).astype(np.float32)
        picture = np.clip(images.resize(coarse, 40, 40, "bilinear") + shift, 0, 255).astype(np.uint8)
        (folder / f"{number:02}.png").write_bytes(images.encode(picture, ".png"))
    return folder


@pytest.fixture(scope="session")
def segmenter(facades: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("features") / "fcn.safetensors"
    quick = SegmenterConfig(width=2, size="32", epochs=1, batch_size=8)
    training.train(
        DataConfig(str(facades), direction="BtoA"), LabelRule("facades"), quick, path, "cpu", lambda _line: None
    )
    return path


@pytest.fixture(scope="session")
def inception(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "inception.pth"
    torch.manual_seed(0)
    torch.save({**Inception().state_dict(), "fc.weight": torch.zeros(1008, 2048)}, path)
    return path


@pytest.fixture(scope="session")
def perceptual(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("lpips")
    torch.manual_seed(0)
    backbone = {f"features.{name}": tensor for name, tensor in LPIPS().features.state_dict().items()}
    torch.save(backbone, folder / "alexnet.pth")
    linear = {f"lin{place}.model.1.weight": torch.rand(1, width, 1, 1) for place, width in enumerate(WIDTHS)}
    torch.save(linear, folder / "alex.pth")
    return folder / "alexnet.pth", folder / "alex.pth"


def test_sets_are_compared_by_a_segmenters_features(segmenter: Path, tmp_path: Path, call: Any) -> None:
    a, same, other = lay(tmp_path / "a", 12), lay(tmp_path / "b", 9, seed=1), lay(tmp_path / "c", 9, shift=50, seed=1)
    found = {}
    for name, folder in (("itself", a), ("same", same), ("other", other)):
        words = [a, folder, "--unpaired", "--features", segmenter, "--json", tmp_path / "s.json"]
        code, out, _ = call("evaluate", *words)
        assert code == 0
        (one,) = json.loads((tmp_path / "s.json").read_text())["sets"]
        found[name] = {title.split(" ")[0]: score["mean"] for title, score in one["scores"].items()}
        assert one["sha256"] in out
        assert "FID" not in out
        assert "fewer pictures than features" in out
    assert found["itself"]["Fréchet"] == pytest.approx(0, abs=1e-6)
    assert found["itself"]["Fréchet"] < found["same"]["Fréchet"] < found["other"]["Fréchet"]
    assert found["itself"]["precision"] == found["itself"]["recall"] == 1


def test_only_the_published_weights_give_an_fid(
    inception: Path, tmp_path: Path, call: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = lay(tmp_path / "a", 5), lay(tmp_path / "b", 5, seed=1)
    code, _out, _ = call("evaluate", a, b, "--features", inception, "--json", tmp_path / "s.json")
    assert code == 0
    report = json.loads((tmp_path / "s.json").read_text())
    assert "l1" in report
    assert report["sets"][0]["features"] == 2048
    assert "299" in report["sets"][0]["resize"]
    assert not any(title.startswith("FID") for title in report["sets"][0]["scores"])
    monkeypatch.setattr(extractors, "_FID", report["sets"][0]["sha256"][:8])
    call("evaluate", a, b, "--features", inception, "--json", tmp_path / "s.json")
    assert {"FID", "KID × 1000"} <= set(json.loads((tmp_path / "s.json").read_text())["sets"][0]["scores"])


def test_lpips_is_one_more_score(perceptual: tuple[Path, Path], tmp_path: Path, call: Any) -> None:
    a, b = lay(tmp_path / "a", 3), lay(tmp_path / "b", 3, shift=40)
    code, out, _ = call(
        "evaluate", a, b, "--lpips", *perceptual, "--json", tmp_path / "s.json", "--csv", tmp_path / "s.csv"
    )
    assert code == 0
    report = json.loads((tmp_path / "s.json").read_text())
    assert report["lpips"]["mean"] > 0
    assert len(report["lpips_sha256"]) == 64 + len(" and ") + 64
    assert (tmp_path / "s.csv").read_text().startswith("name,l1,psnr,ssim,ms_ssim,lpips")
    assert "LPIPS" in out
    call("evaluate", a, a, "--lpips", *perceptual, "--json", tmp_path / "s.json")
    assert json.loads((tmp_path / "s.json").read_text())["lpips"]["mean"] == 0


def test_what_is_no_such_network_is_told(
    inception: Path, perceptual: tuple[Path, Path], drawn: Path, tmp_path: Path, call: Any
) -> None:
    a = lay(tmp_path / "a", 3)
    for words, told in (
        (["--features", perceptual[0]], "is not the FID's Inception-v3"),
        (["--features", tmp_path / "none.pth"], "no file"),
        (["--lpips", inception, perceptual[1]], "is not torchvision's AlexNet"),
        (["--lpips", perceptual[0], perceptual[0]], "no weights of LPIPS"),
        (["--unpaired"], "--features"),
        (["--unpaired", "--features", inception, "--csv", tmp_path / "s.csv"], "--csv and --page"),
    ):
        code, _, err = call("evaluate", a, a, *words)
        assert code == 2
        assert told in " ".join(err.split())


def test_one_picture_is_no_set(segmenter: Path, tmp_path: Path, call: Any) -> None:
    a = lay(tmp_path / "a", 1)
    code, _, err = call("evaluate", a, a, "--features", segmenter)
    assert code == 2
    assert "two pictures" in err


def test_intervals_hold_what_they_are_of(segmenter: Path, tmp_path: Path, call: Any) -> None:
    a, b = lay(tmp_path / "a", 12), lay(tmp_path / "b", 12, shift=10, seed=1)
    call("evaluate", a, b, "--unpaired", "--features", segmenter, "--json", tmp_path / "s.json")
    for score in json.loads((tmp_path / "s.json").read_text())["sets"][0]["scores"].values():
        assert score["interval"][0] <= score["mean"] <= score["interval"][1]


def test_pictures_are_given_to_the_fids_network_as_its_makers_did(inception: Path) -> None:
    """Levels less 128, over 128, of a picture that is as large as its input already."""
    picture = np.random.default_rng(0).integers(0, 256, (299, 299, 3), dtype=np.uint8)
    network = Inception()
    network.load_state_dict(torch.load(inception, weights_only=True), strict=False)
    with torch.no_grad():
        theirs = network((torch.from_numpy(picture).permute(2, 0, 1)[None].float() - 128) / 128)
    ours = extractors.extractor(inception, "cpu")(picture)
    torch.testing.assert_close(torch.from_numpy(ours).float(), theirs[0])
