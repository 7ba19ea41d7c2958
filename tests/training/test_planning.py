"""What is decided for the user, and what is refused, before torch is loaded."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pixlate import durable, images
from pixlate.errors import ConfigError, RunError
from pixlate.specs.data import DataConfig
from pixlate.specs.learning import LearningConfig
from pixlate.specs.methods.pix2pix import PRESETS, Pix2PixConfig
from pixlate.specs.methods.settings import MethodConfig
from pixlate.specs.networks import DiscriminatorSpec, GeneratorSpec, NetworksConfig
from pixlate.specs.training import LoopConfig, TrainConfig
from pixlate.training import runfolder
from pixlate.training.planning import Plan, explain, plan


def make(folder: Path, run: Path, method: MethodConfig | None = None, **loop: Any) -> TrainConfig:
    return TrainConfig(DataConfig(str(folder)), method or Pix2PixConfig(), LoopConfig(run=str(run), **loop))


def generator_of(planned: Plan) -> GeneratorSpec:
    spec = planned.networks["G"]
    assert isinstance(spec, GeneratorSpec)
    return spec


def pictures(folder: Path, height: int, width: int, count: int = 3) -> Path:
    for index in range(count):
        levels = np.full((height, 2 * width, 3), index, np.uint8)
        durable.write(folder / f"{index}.png", images.encode_png(levels))
    return folder


@pytest.mark.parametrize(
    ("height", "width", "size", "depth", "patch"),
    [
        (256, 256, "256", 8, 70),
        (600, 600, "256", 8, 70),
        (300, 256, "256", 8, 70),
        (128, 128, "128", 7, 34),
        (64, 64, "64", 6, 16),
        (37, 53, "37x53", 5, 7),
        (100, 300, "100x300", 6, 34),
    ],
)
def test_size_depth_and_patch_follow_from_the_pictures(
    tmp_path: Path, height: int, width: int, size: str, depth: int, patch: int
) -> None:
    planned = plan(make(pictures(tmp_path / "data", height, width), tmp_path / "run"))
    assert planned.config.data.size == size
    assert generator_of(planned).depth == depth
    assert planned.networks["D"] == DiscriminatorSpec(6, patch)
    told = "\n".join(explain(planned))
    assert f"depth {depth}" in told
    assert f"receptive field {patch}" in told
    assert size in told


def planned_with(preset: str, depth: int, tmp_path: Path) -> Plan:
    method = Pix2PixConfig(preset=preset)  # type: ignore[arg-type]
    config = make(pictures(tmp_path / "data", 256, 256), tmp_path / "run", method)
    return plan(replace(config, networks=NetworksConfig(depth=depth)))


@pytest.mark.parametrize(
    ("preset", "depth", "dropout"),
    [
        ("paper", 8, (1, 2, 3)),
        ("paper", 7, (1, 2, 3)),
        ("incumbent", 8, (2, 3, 4)),
        ("incumbent", 7, (2, 3)),
        ("incumbent", 5, ()),
    ],
)
def test_presets_put_dropout_where_their_sources_do(
    tmp_path: Path, preset: str, depth: int, dropout: tuple[int, ...]
) -> None:
    assert generator_of(planned_with(preset, depth, tmp_path)).dropout == dropout


def test_presets_differ_in_epochs_rate_and_resampling(tmp_path: Path) -> None:
    paper, incumbent = planned_with("paper", 8, tmp_path / "p"), planned_with("incumbent", 8, tmp_path / "i")
    assert (paper.config.loop.epochs, paper.config.learning.decay, paper.preparation.resample) == (200, 0.0, "bilinear")
    assert (incumbent.config.loop.epochs, incumbent.config.learning.decay) == (200, 0.5)
    assert incumbent.preparation.resample == "bicubic"
    assert PRESETS["paper"].epochs == 200


def test_jitter_is_the_papers_in_proportion(tmp_path: Path) -> None:
    preparation = planned_with("paper", 8, tmp_path).preparation
    assert (preparation.load_height, preparation.load_width) == (286, 286)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"networks": NetworksConfig(depth=8)}, "depth 8 does not suit 32 px; from 2 to 5"),
        ({"learning": LearningConfig(decay=2.0)}, "--decay is 2.0"),
        ({"networks": NetworksConfig(width=0)}, "width is 0"),
        ({"networks": NetworksConfig(receptive_field=64)}, "receptive field of 64"),
        ({"loop": LoopConfig(steps=5, epochs=1)}, "give one"),
        ({"loop": LoopConfig(steps=0)}, "--steps is 0"),
        ({"loop": LoopConfig(batch_size=-1)}, "--batch-size is -1"),
    ],
)
def test_contradictions_are_refused_and_nothing_is_made(
    tmp_path: Path, drawn: Path, change: dict[str, Any], complaint: str
) -> None:
    config = replace(make(drawn, tmp_path / "run"), **change)
    config = replace(config, loop=replace(config.loop, run=str(tmp_path / "run")))
    with pytest.raises(ConfigError, match=complaint):
        plan(config)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        ({"size": "big"}, "size is 'big'"),
        ({"size": "2"}, "sides of 4"),
        ({"size": "32", "load_size": "16"}, "smaller than the size"),
        ({"size": "32", "load_size": "40", "fit": "crop"}, "no meaning with --fit crop"),
        ({"val_fraction": 1.0}, "--val-fraction is 1.0"),
    ],
)
def test_impossible_preparations_are_refused(tmp_path: Path, drawn: Path, data: dict[str, Any], complaint: str) -> None:
    config = make(drawn, tmp_path / "run")
    with pytest.raises(ConfigError, match=complaint):
        plan(replace(config, data=replace(config.data, **data)))


def test_the_same_command_names_the_same_folder_and_another_command_another(drawn: Path, tmp_path: Path) -> None:
    config = replace(make(drawn, tmp_path), loop=LoopConfig())
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        first, again = plan(config), plan(replace(config, loop=LoopConfig(steps=9, workers=0)))
        other = plan(replace(config, loop=LoopConfig(seed=1)))
    assert first.folder == again.folder != other.folder
    assert first.folder.parent == Path("runs")
    assert first.folder.name.startswith("facades-AtoB-32-L1+cGAN-")


def test_a_run_with_other_settings_is_refused_by_their_names(drawn: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    planned = plan(make(drawn, run))
    runfolder.begin(run, planned.config, planned.names, planned.networks)
    (run / runfolder.CHECKPOINTS / "step_00000001").mkdir(parents=True)
    plan(make(drawn, run, epochs=3, workers=2, log_every=1))
    with pytest.raises(RunError, match=r"lambda_l1 is 100.0 there, 10.0 now; seed is 0 there, 1 now"):
        plan(make(drawn, run, Pix2PixConfig(lambda_l1=10.0), seed=1))


def test_a_run_that_never_came_to_a_checkpoint_may_begin_anew(drawn: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    planned = plan(make(drawn, run))
    runfolder.begin(run, planned.config, planned.names, planned.networks)
    assert plan(make(drawn, run, seed=1)).config.loop.seed == 1


@pytest.mark.parametrize(
    ("part", "change", "complaint"),
    [
        ("method", {"objective": "cgan"}, "objective is 'cgan'.*cGAN"),
        ("method", {"preset": "papr"}, "preset is 'papr'.*paper"),
        ("data", {"direction": "BToA"}, "direction is 'BToA'.*BtoA"),
        ("loop", {"device": "gpu"}, "device is 'gpu'"),
    ],
)
def test_a_config_made_in_python_is_judged_like_any_other(
    tmp_path: Path, drawn: Path, part: str, change: dict[str, Any], complaint: str
) -> None:
    config = make(drawn, tmp_path / "run")
    with pytest.raises(ConfigError, match=complaint):
        plan(replace(config, **{part: replace(getattr(config, part), **change)}))  # type: ignore[arg-type]


def test_numbers_and_paths_do_for_sizes_and_folders(tmp_path: Path, drawn: Path) -> None:
    data = DataConfig(drawn, size=16)  # type: ignore[arg-type]
    planned = plan(TrainConfig(data, loop=LoopConfig(run=tmp_path / "run")))  # type: ignore[arg-type]
    assert (planned.config.data.size, planned.folder) == ("16", tmp_path / "run")


def test_a_folder_of_something_else_is_left_alone(drawn: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(RunError, match="holds no run"):
        plan(make(drawn, tmp_path))
    with pytest.raises(RunError, match="is a file"):
        plan(make(drawn, tmp_path / "thesis.tex"))
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_planning_loads_no_torch(drawn: Path, tmp_path: Path) -> None:
    program = (
        "import sys; from pixlate import DataConfig, LoopConfig, TrainConfig; "
        "from pixlate.training.planning import plan; "
        f"plan(TrainConfig(DataConfig({str(drawn)!r}), loop=LoopConfig(run={str(tmp_path / 'run')!r}))); "
        "sys.exit('torch' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
