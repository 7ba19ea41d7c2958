"""A picture translated in bands, beside the same generator's own forward pass over the whole of it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from pixlate.errors import WriteError
from pixlate.networks.banded import store as store_of
from pixlate.networks.banded import walking
from pixlate.networks.banded.statistics import Moments
from pixlate.networks.banded.store import Rows, Store
from pixlate.networks.banded.walking import plan, translate
from pixlate.networks.building import build_generator
from pixlate.networks.noise import Noise
from pixlate.networks.normalization import use_statistics
from pixlate.specs.networks import GeneratorSpec

UNET = GeneratorSpec(depth=5, width=4, dropout=(1, 2))
RESNET = GeneratorSpec("resnet", depth=2, width=4, dropout=(1,), blocks=2, norm="instance")


@st.composite
def specs(draw: st.DrawFn) -> GeneratorSpec:
    architecture = draw(st.sampled_from(["unet", "encoder-decoder", "resnet"]))
    resnet = architecture == "resnet"
    depth = draw(st.integers(1, 3 if resnet else 6))
    blocks = draw(st.integers(1, 3)) if resnet else 0
    places = blocks if resnet else depth - 1
    return GeneratorSpec(
        architecture,  # type: ignore[arg-type]
        in_channels=draw(st.sampled_from([1, 3])),
        out_channels=draw(st.sampled_from([1, 3])),
        depth=depth,
        width=draw(st.sampled_from([2, 4])),
        dropout=tuple(place for place in range(1, places + 1) if draw(st.booleans())),
        z_channels=draw(st.integers(0, 2)),
        blocks=blocks,
        norm=draw(st.sampled_from(["batch", "instance", "affine-instance", "none"])),
        upsampling=draw(st.sampled_from(["transposed", "resize"])),
    )


def picture(spec: GeneratorSpec, height: int, width: int) -> Tensor:
    generator = torch.Generator().manual_seed(height * 1000 + width)
    return torch.rand(spec.in_channels, height, width, generator=generator, dtype=torch.float64) * 2 - 1


def exact(spec: GeneratorSpec, *, own: bool = True) -> nn.Module:
    """In float64, where rounding is no excuse, with weights, shifts and averages that tell."""
    network = build_generator(spec, seed=2, gain=0.3).eval().double()
    generator = torch.Generator().manual_seed(3)
    for name, values in [*network.named_parameters(), *network.named_buffers()]:
        if "norm" in name and values.is_floating_point():
            values.data.copy_(torch.rand(values.shape, generator=generator, dtype=torch.float64) + 0.5)
    use_statistics(network, own=own)
    return network


def in_bands(network: nn.Module, x: Tensor, noise: Noise | None, band: int, kept: int) -> Tensor:
    """Every row of the output is written once, from the top."""
    written: list[Tensor] = []

    def write(top: int, rows: Tensor) -> None:
        assert top == sum(part.shape[1] for part in written)
        written.append(rows)

    with torch.inference_mode():
        translate(network, lambda top, bottom: x[:, top:bottom], x.shape[1:], write, noise, band=band, kept=kept)  # type: ignore[arg-type]
    return torch.cat(written, dim=1)


def whole(network: nn.Module, x: Tensor, noise: Noise | None) -> Tensor:
    with torch.inference_mode():
        output: Tensor = network(x[None], noise)[0]
    return output


@given(
    specs(),
    st.integers(1, 70),
    st.integers(1, 70),
    st.sampled_from([1, 2000, 50_000, 10**8]),
    st.sampled_from([0, 2000, 10**8]),
    st.booleans(),
    st.booleans(),
)
@settings(max_examples=150, deadline=None)
def test_bands_give_what_the_whole_gives(
    spec: GeneratorSpec, height: int, width: int, band: int, kept: int, own: bool, noisy: bool
) -> None:
    network = exact(spec, own=own)
    x = picture(spec, height, width)
    wanted = whole(network, x, Noise(7) if noisy else None)
    # Norms make something of the rounding of a map that is constant, such as 1×1 repeated; then nothing can be told.
    shaken = whole(network, x + 1e-13 * torch.sign(x), Noise(7) if noisy else None)
    assume(bool((wanted - shaken).abs().max() < 1e-10))
    got = in_bands(network, x, Noise(7) if noisy else None, band, kept)
    torch.testing.assert_close(got, wanted, rtol=0, atol=1e-9)


@pytest.mark.parametrize("spec", [UNET, RESNET, replace(UNET, z_channels=1), replace(RESNET, z_channels=2)])
def test_bands_leave_the_noise_where_the_whole_leaves_it(spec: GeneratorSpec) -> None:
    ours, theirs = Noise(1), Noise(1)
    x = picture(spec, 37, 53)
    in_bands(exact(spec), x, ours, 20_000, 0)
    whole(exact(spec), x, theirs)
    assert ours.uniform() == theirs.uniform()


@pytest.mark.parametrize("count", [1, 5, 15, 16, 17, 127, 128, 129, 1000, 1024])
def test_normal_numbers_in_pieces_are_those_drawn_at_once(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    from pixlate.networks import noise

    monkeypatch.setattr(noise, "_PIECE", 64)
    ours, theirs = Noise(1), Noise(1)
    pieces = list(ours.gaussian_pieces(count))
    assert len(pieces) == max(1, count // 64)
    assert torch.equal(torch.cat(pieces), theirs.gaussian(torch.empty(1, 1, 1, count), 1).flatten())
    assert ours.uniform() == theirs.uniform()


@pytest.mark.parametrize("spec", [UNET, RESNET, replace(UNET, architecture="encoder-decoder", z_channels=1)])
@pytest.mark.parametrize("kept", [0, 20_000, 10**9])
def test_the_plan_is_what_is_needed(spec: GeneratorSpec, kept: int, monkeypatch: pytest.MonkeyPatch) -> None:
    stores: list[Store] = []

    class Watched(Store):
        def __init__(self, room: int, *, planned: bool = False) -> None:
            super().__init__(room, planned=planned)
            stores.append(self)

    network, x = exact(spec).float(), picture(spec, 150, 70).float()
    planned = plan(network, (150, 70), noise=True, band=100_000, kept=kept)
    monkeypatch.setattr(walking, "Store", Watched)
    in_bands(network, x, Noise(1), 100_000, kept)
    assert planned.disk == stores[0].most_on_disk
    assert (planned.disk == 0) == (kept == 10**9)
    assert (stores[0].on_disk, stores[0].room) == (0, kept)  # all is given back


def test_a_large_resnet_keeps_two_of_its_inner_maps_and_no_outer_one() -> None:
    network = build_generator(replace(RESNET, width=64, dropout=(), blocks=9))
    inner = 256 * 2500 * 2500 * 4
    disk = plan(network, (10_000, 10_000), noise=False, band=10**9, kept=0).disk
    assert 2 * inner <= disk < 2.3 * inner


@pytest.mark.parametrize("spec", [UNET, RESNET])
def test_work_is_done_on_few_rows_at_a_time(spec: GeneratorSpec) -> None:
    """No layer is given more than a part of the picture, and little of it twice."""
    network, given_rows = exact(spec), dict[Callable[..., object], list[int]]()

    def seen(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        given_rows.setdefault(module, []).append(inputs[0].shape[2])

    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            module.register_forward_pre_hook(seen)
    in_bands(network, picture(spec, 800, 16), None, 100_000, 10**9)
    outermost = [rows for rows in given_rows.values() if sum(rows) > 800]
    assert outermost
    assert max(max(rows) for rows in outermost) < 400


def test_moments_are_those_of_all_bands_together() -> None:
    x = torch.randn(1, 3, 50, 7, dtype=torch.float64) * 0.01 + torch.tensor([1000.0, 0.0, -3.0]).view(1, 3, 1, 1)
    moments = Moments(3)
    for top, bottom in [(0, 1), (1, 30), (30, 50)]:
        moments.add(x[:, :, top:bottom])
    variance, mean = torch.var_mean(x, dim=(0, 2, 3), correction=0)
    torch.testing.assert_close(moments.mean(x), mean, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(moments.variance(x), variance, rtol=1e-9, atol=0)


@given(st.integers(1, 100), st.integers(1, 40), st.sampled_from([0, 300, 10**6]), st.data())
@settings(max_examples=50, deadline=None)
def test_rows_come_back_as_they_were_written(height: int, step: int, room: int, data: st.DataObject) -> None:
    store = Store(room)
    rows = Rows(store, height, 2, 3, torch.float32)
    values = torch.randn(height, 2, 3)
    for top in range(0, height, step):
        rows.append(values[top : top + step], min(step, height - top))
    top = data.draw(st.integers(0, height - 1))
    bottom = data.draw(st.integers(top + 1, height))
    rows.let_go(top)
    found = torch.empty(2, bottom - top, 3).transpose(0, 1)
    rows.read_into(found, top)
    assert torch.equal(found, values[top:bottom])
    rows.let_go(height)
    assert (store.room, store.on_disk) == (room, 0)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_disk_that_fills_up_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_of, "_temporary", lambda: open("/dev/full", "r+b", buffering=0))  # noqa: PTH123, SIM115
    with pytest.raises(WriteError, match="TMPDIR"):
        in_bands(exact(UNET), picture(UNET, 64, 64), None, 50_000, 0)
