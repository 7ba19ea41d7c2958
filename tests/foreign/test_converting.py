"""The incumbent's networks and ours: the same names, the same numbers out, and nothing else is taken for one."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from foreign import incumbent
from pixlate.errors import ConfigError, ModelFileError
from pixlate.foreign import converting
from pixlate.networks.building import build_discriminator, build_generator
from pixlate.networks.normalization import use_statistics
from pixlate.specs.networks import RECEPTIVE_FIELDS, DiscriminatorSpec, GeneratorSpec

NORMS = ["batch", "instance", "none"]


def ours(path: Path, **said):
    """The network that is in the file, out of training."""
    spec, weights = converting.load(path, **said)
    network = build_discriminator(spec) if isinstance(spec, DiscriminatorSpec) else build_generator(spec)
    converting.fit(network, weights, path)
    return network.eval()


def without_dropout(network: nn.Module) -> nn.Module:
    for module in network.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    return network


def distance(reference: nn.Module, network: nn.Module, height: int, width: int) -> float:
    """How far apart the outputs are, with the picture's own statistics and with the running ones."""
    channels = network.spec.in_channels
    x = torch.rand(1, channels, height, width, generator=torch.Generator().manual_seed(9)) * 2 - 1
    without_dropout(reference)
    far = []
    with torch.no_grad():
        before = {name: tensor.clone() for name, tensor in reference.state_dict().items()}
        for own in (True, False):
            reference.load_state_dict(before)
            use_statistics(network, own=own)
            theirs, made = reference.train(own)(x), network(x)
            assert theirs.std() > 1e-3
            far.append((theirs - made).abs().max().item())
    return max(far)


def weights_of(network: nn.Module) -> dict[str, torch.Tensor]:
    return dict(network.state_dict())


def save(weights: object, path: Path) -> Path:
    torch.save(weights, path)
    return path


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize(
    ("depth", "sides", "width"),
    [(8, (3, 3), 4), (7, (1, 3), 5), (7, (3, 1), 8)],
    ids=["256", "128 of grey", "128 to grey"],
)
@pytest.mark.parametrize("dropout", [True, False])
def test_a_unet_says_the_same_here(tmp_path, depth, sides, width, norm, dropout):
    reference = incumbent.shaken(incumbent.unet(depth, sides, width, norm, dropout=dropout))
    network = ours(incumbent.save(reference, tmp_path / "x.pth"), dropout=dropout)
    places = {8: (2, 3, 4), 7: (2, 3)}[depth] if dropout else ()
    assert network.spec == GeneratorSpec("unet", *sides, depth, width, places, norm=norm)
    assert distance(reference, network, 2**depth, 2**depth) < 1e-5


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize(("blocks", "sides", "width"), [(9, (3, 3), 4), (6, (1, 3), 5), (6, (3, 1), 8)])
@pytest.mark.parametrize("dropout", [True, False])
def test_a_resnet_says_the_same_here(tmp_path, blocks, sides, width, norm, dropout):
    reference = incumbent.shaken(incumbent.resnet(blocks, sides, width, norm, dropout=dropout))
    network = ours(incumbent.save(reference, tmp_path / "x.pth"))
    places = tuple(range(1, blocks + 1)) if dropout else ()
    assert network.spec == GeneratorSpec("resnet", *sides, 2, width, places, 0, blocks, norm)
    assert distance(reference, network, 32, 40) < 1e-5


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("layers", range(7))
def test_a_discriminator_says_the_same_here(tmp_path, layers, norm):
    channels, width = (6, 3, 2, 4, 1, 6, 6)[layers], 4 + layers % 2
    reference = incumbent.shaken(incumbent.patchgan(layers, channels, width, norm))
    network = ours(incumbent.save(reference, tmp_path / "x.pth"))
    assert network.spec == DiscriminatorSpec(channels, (1, 16, 34, 70, 142, 286, 574)[layers], width, norm)
    side = max(16, 3 * 2**layers)
    assert distance(reference, network, side, side + 2**layers) < 1e-5


def test_the_dropout_of_a_unet_is_the_incumbents_unless_said_otherwise(tmp_path):
    path = incumbent.save(incumbent.unet(8), tmp_path / "x.pth")
    assert [converting.load(path, dropout=said)[0].dropout for said in (None, True, False)] == [
        (2, 3, 4),
        (2, 3, 4),
        (),
    ]


def test_the_reference_drops_where_the_facts_say():
    """At outputs of 4, 8 and 16 px in the U-Net of 256, of 4 and 8 px in that of 128."""
    for depth, wanted in ((8, [4, 8, 16]), (7, [4, 8])):
        network, seen = incumbent.unet(depth), []
        for module in network.modules():
            if isinstance(module, nn.Dropout):
                module.register_forward_hook(lambda _module, inputs, _out, seen=seen: seen.append(inputs[0].shape[-1]))
        network(torch.zeros(1, 3, 2**depth, 2**depth))
        assert seen == wanted


@pytest.mark.parametrize("counted", [True, False])
@pytest.mark.parametrize("make", [lambda: incumbent.resnet(6), lambda: incumbent.unet(7, norm="instance")])
def test_running_statistics_of_instance_norms_are_left_out(tmp_path, make, counted):
    reference = incumbent.shaken(make())
    kept = incumbent.old_instance_statistics(reference, counted=counted)
    assert len(kept) > len(reference.state_dict())
    network = ours(save(kept, tmp_path / "x.pth"))
    assert network.spec.norm == "instance"
    assert distance(reference, network, 128, 128) < 1e-5


def test_a_discriminators_too(tmp_path):
    reference = incumbent.shaken(incumbent.patchgan(3, norm="instance"))
    kept = incumbent.old_instance_statistics(reference, counted=True)
    assert distance(reference, ours(save(kept, tmp_path / "x.pth")), 32, 32) < 1e-5


@pytest.mark.parametrize(
    "make", [lambda: incumbent.unet(7), lambda: incumbent.resnet(6, norm="batch"), lambda: incumbent.patchgan(2)]
)
def test_batch_norms_that_have_not_counted_their_batches_begin_at_none(tmp_path, make):
    reference = incumbent.shaken(make())
    old = {name: tensor for name, tensor in weights_of(reference).items() if not name.endswith("num_batches_tracked")}
    network = ours(save(old, tmp_path / "x.pth"))
    counts = [tensor for name, tensor in network.state_dict().items() if name.endswith("num_batches_tracked")]
    assert counts
    assert all(count.dtype == torch.int64 and count == 0 for count in counts)
    assert distance(reference, network, 128, 128) < 1e-5


def wrap(prefix: str, weights: dict) -> dict:
    return {f"{prefix}{name}": tensor for name, tensor in weights.items()}


@pytest.mark.parametrize("prefix", ["", "module.", "_orig_mod.", "module._orig_mod."])
@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize("zipped", [False, True])
def test_however_it_was_saved_it_is_the_same_network(tmp_path, prefix, wrapped, zipped):
    weights = wrap(prefix, weights_of(incumbent.shaken(incumbent.resnet(6))))
    content = {"state_dict": weights, "epoch": 200} if wrapped else weights
    torch.save(content, tmp_path / "x.pth", _use_new_zipfile_serialization=zipped)
    read = ours(tmp_path / "x.pth").state_dict()
    plain = ours(save(weights, tmp_path / "y.pth")).state_dict()
    assert all(torch.equal(read[name], tensor) for name, tensor in plain.items())


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16, torch.float64])
def test_weights_of_other_precision_become_single(tmp_path, kind):
    weights = weights_of(incumbent.shaken(incumbent.unet(7)))
    other = {name: tensor.to(kind) if tensor.is_floating_point() else tensor for name, tensor in weights.items()}
    read = ours(save(other, tmp_path / "x.pth")).state_dict()
    kinds = {name.endswith("num_batches_tracked"): tensor.dtype for name, tensor in read.items()}
    assert kinds == {True: torch.int64, False: torch.float32}
    assert torch.equal(read["encoder.0.conv.weight"], other["model.model.0.weight"].float())


@pytest.mark.parametrize(
    ("entry", "kind"),
    [("weight", torch.int64), ("running_mean", torch.int64), ("num_batches_tracked", torch.float32)],
)
def test_counts_are_whole_numbers_and_statistics_are_not(tmp_path, entry, kind):
    weights = weights_of(incumbent.shaken(incumbent.patchgan(1)))
    weights[f"model.3.{entry}"] = weights[f"model.3.{entry}"].to(kind)
    read = ours(save(weights, tmp_path / "x.pth")).state_dict()
    assert read["layers.3.num_batches_tracked"].dtype == torch.int64
    assert read["layers.3.running_mean"].dtype == read["layers.3.weight"].dtype == torch.float32


# What is refused

MAKES = {
    "unet": lambda: incumbent.unet(7),
    "unet of instance norm": lambda: incumbent.unet(7, norm="instance"),
    "resnet": lambda: incumbent.resnet(6),
    "resnet of batch norm": lambda: incumbent.resnet(2, norm="batch", dropout=True),
    "patchgan": lambda: incumbent.patchgan(2),
    "pixel": lambda: incumbent.patchgan(0),
}


@pytest.fixture
def complaints(monkeypatch):
    """Of files of such tensors, which should be refused by a sentence that opens with their name, those that are not.

    The tensors are handed over without a file, which takes most of the time.
    """

    def listed(changed: dict[str, dict]) -> list[str]:
        path = Path("folder") / "x.pth"
        return [complaint for what, weights in changed.items() for complaint in complained(path, what, weights)]

    def complained(path: Path, what: str, weights: dict) -> Iterator[str]:
        monkeypatch.setattr(converting, "read", lambda _path: dict(weights))
        try:
            ours(path)
        except ModelFileError as error:
            if not str(error).startswith(str(path)) or len(str(error)) > 600:
                yield f"{what}: {error}"
        except Exception as error:  # noqa: BLE001 - what is looked for
            yield f"{what}: {error!r}"
        else:
            yield f"{what}: taken"

    return listed


@pytest.mark.parametrize("which", MAKES)
def test_a_network_that_lacks_any_one_tensor_is_refused(complaints, which):
    weights = weights_of(MAKES[which]())
    needed = [name for name in weights if not name.endswith("num_batches_tracked")]
    lacking = {gone: {name: tensor for name, tensor in weights.items() if name != gone} for gone in needed}
    assert complaints(lacking) == []


@pytest.mark.parametrize("which", MAKES)
def test_a_network_with_any_one_tensor_larger_is_refused(complaints, which):
    weights = weights_of(MAKES[which]())
    larger = {
        name: {**weights, name: torch.ones([side + 1 for side in tensor.shape] or [2])}
        for name, tensor in weights.items()
    }
    assert complaints(larger) == []


@pytest.mark.parametrize("shape", [(), (2,), (1, 2, 1, 1, 1)], ids=str)
@pytest.mark.parametrize("which", MAKES)
def test_a_network_with_any_one_tensor_of_other_dimensions_is_refused(complaints, which, shape):
    weights = weights_of(MAKES[which]())
    changed = {
        name: {**weights, name: torch.ones(shape)}
        for name, tensor in weights.items()
        if tensor.ndim != len(shape) and not name.endswith("num_batches_tracked")
    }
    assert complaints(changed) == []


@pytest.mark.parametrize("which", MAKES)
def test_a_network_with_a_tensor_more_is_refused_and_the_tensor_named(tmp_path, which):
    weights = weights_of(MAKES[which]())
    for extra in ("model.99.weight", "ema_decay", "model.model.1.model.99.bias"):
        save({**weights, extra: torch.ones(3)}, tmp_path / "x.pth")
        with pytest.raises(ModelFileError, match=extra):
            ours(tmp_path / "x.pth")


def test_a_generator_of_cuts_is_refused_by_its_name(tmp_path):
    weights = {**weights_of(incumbent.resnet(9)), "model.7.filt": torch.ones(8, 1, 3, 3)}
    with pytest.raises(ModelFileError, match="generator of CUT's with antialiasing"):
        converting.load(save(weights, tmp_path / "x.pth"))


def test_networks_of_others_are_none_of_the_incumbents(tmp_path):
    others = {
        "a classifier": nn.Sequential(nn.Conv2d(3, 4, 3), nn.Linear(4, 2)),
        "a layer": nn.Conv2d(3, 4, 3),
        "a linear network": nn.ModuleDict({"model": nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 3))}),
        "affine": nn.ModuleDict({"model": nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 4, 3))}),
        "ours": build_generator(GeneratorSpec(depth=3, width=4, dropout=()), seed=1),
    }
    for name, network in others.items():
        path = save(network.state_dict(), tmp_path / "x.pth")
        with pytest.raises(ModelFileError) as caught:
            ours(path)
        assert str(caught.value).startswith(str(path)), name


def test_a_discriminator_of_more_layers_than_there_are_is_refused(tmp_path):
    path = incumbent.save(incumbent.patchgan(7), tmp_path / "x.pth")
    with pytest.raises(ModelFileError, match="like a network of the incumbent's, but is none"):
        ours(path)


@pytest.mark.parametrize("prefix", ["G", "net", "model", "state_dict"])
def test_other_prefixes_are_not_guessed(tmp_path, prefix):
    path = save(wrap(f"{prefix}.", weights_of(incumbent.resnet(6))), tmp_path / "x.pth")
    with pytest.raises(ModelFileError):
        ours(path)


# And back


@st.composite
def exportable(draw):
    norm = draw(st.sampled_from(NORMS))
    width, inward, outward = (draw(st.integers(1, 5)) for _ in range(3))
    kind = draw(st.sampled_from(["unet", "resnet", "discriminator"]))
    if kind == "discriminator":
        return DiscriminatorSpec(inward, draw(st.sampled_from([1, *RECEPTIVE_FIELDS[2:]])), width, norm)
    if kind == "unet":
        depth = draw(st.sampled_from([7, 8]))
        dropout = draw(st.sampled_from([(), (1, 2, 3), tuple(range(2, depth - 3))]))
        return GeneratorSpec("unet", inward, outward, depth, width, dropout, norm=norm)
    blocks = draw(st.sampled_from([6, 9]))
    dropout = draw(st.sampled_from([(), tuple(range(1, blocks + 1))]))
    return GeneratorSpec("resnet", inward, outward, 2, width, dropout, blocks=blocks, norm=norm)


def reference_of(spec) -> incumbent.Network:
    if isinstance(spec, DiscriminatorSpec):
        layers = (1, 16, 34, 70, 142, 286, 574).index(spec.receptive_field)
        return incumbent.patchgan(layers, spec.in_channels, spec.width, spec.norm)
    sides = (spec.in_channels, spec.out_channels)
    if spec.architecture == "unet":
        return incumbent.unet(spec.depth, sides, spec.width, spec.norm, dropout=bool(spec.dropout))
    return incumbent.resnet(spec.blocks, sides, spec.width, spec.norm, dropout=bool(spec.dropout))


def build(spec, seed: int):
    return build_discriminator(spec, seed) if isinstance(spec, DiscriminatorSpec) else build_generator(spec, seed)


@given(exportable(), st.integers(0, 2**31))
@settings(max_examples=20, deadline=None)
def test_what_goes_out_comes_back_to_the_bit_and_is_just_what_the_incumbent_loads(tmp_path_factory, spec, seed):
    weights = incumbent.shaken(build(spec, seed), seed).state_dict()
    path = tmp_path_factory.mktemp("out") / "latest_net_G.pth"
    path.write_bytes(converting.dump(spec, weights))
    content = torch.load(path, weights_only=True)
    reference = reference_of(spec)
    assert content.keys() == reference.state_dict().keys()
    assert not hasattr(content, "_metadata")
    reference.load_state_dict(content)
    again, read = converting.load(path, dropout=bool(getattr(spec, "dropout", ())))
    assert read.keys() == weights.keys()
    assert all(read[name].dtype == tensor.dtype for name, tensor in weights.items())
    assert all(read[name].numpy().tobytes() == tensor.numpy().tobytes() for name, tensor in weights.items())
    if converting.differences(spec):
        assert str(again) == str(spec)
    else:
        assert again == spec


@pytest.mark.parametrize(
    "spec",
    [
        GeneratorSpec(depth=7, width=4, dropout=(2, 3)),
        GeneratorSpec("resnet", 1, 3, 2, 4, (), blocks=6, norm="instance"),
        DiscriminatorSpec(6, 70, 4),
        DiscriminatorSpec(6, 1, 4, "instance"),
    ],
    ids=str,
)
def test_the_incumbents_network_with_our_weights_says_what_ours_says(tmp_path, spec):
    network, reference = incumbent.shaken(build(spec, 3)).eval(), reference_of(spec)
    (tmp_path / "x.pth").write_bytes(converting.dump(spec, network.state_dict()))
    reference.load_state_dict(torch.load(tmp_path / "x.pth", weights_only=True))
    assert distance(reference, network, 128, 128) < 1e-5


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        (GeneratorSpec(depth=8, width=4, norm="affine-instance"), "instance norm has no scale and shift"),
        (GeneratorSpec("resnet", depth=2, width=4, dropout=(), blocks=9, norm="affine-instance"), "no scale and shift"),
        (DiscriminatorSpec(6, 70, 4, "affine-instance"), "no scale and shift"),
        (DiscriminatorSpec(6, 7, 4), "no discriminator of 7 px"),
        (GeneratorSpec("encoder-decoder", width=4), "no encoder-decoder"),
        (GeneratorSpec(width=4, upsampling="resize"), "transposed convolution only"),
        (GeneratorSpec("resnet", depth=2, width=4, dropout=(), blocks=6, upsampling="resize"), "transposed"),
        (GeneratorSpec(width=4, z_channels=1), "no Gaussian noise"),
        (GeneratorSpec(depth=6, width=4), "not 6"),
        (GeneratorSpec(depth=9, width=4), "not 9"),
        (GeneratorSpec("resnet", depth=2, width=4, dropout=(), blocks=8), "not 8"),
        (GeneratorSpec("resnet", depth=2, width=4, dropout=(1, 2), blocks=6), "in all residual blocks or in none"),
    ],
    ids=str,
)
def test_what_the_incumbent_does_not_have_is_refused(spec, told):
    with pytest.raises(ConfigError, match=told):
        converting.dump(spec, build(spec, 1).state_dict())


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        (GeneratorSpec(), "--netG unet_256 --norm batch --ngf 64 --input_nc 3 --output_nc 3"),
        (
            GeneratorSpec("unet", 1, 3, 7, 4, (), norm="none"),
            "--netG unet_128 --norm none --ngf 4 --input_nc 1 --output_nc 3 --no_dropout",
        ),
        (
            GeneratorSpec("resnet", 3, 3, 2, 64, (), blocks=9, norm="instance"),
            "--netG resnet_9blocks --norm instance --ngf 64 --input_nc 3 --output_nc 3 --no_dropout",
        ),
        (DiscriminatorSpec(), "--netD basic --norm batch --ndf 64"),
        (DiscriminatorSpec(receptive_field=1), "--netD pixel --norm batch --ndf 64"),
        (DiscriminatorSpec(receptive_field=16), "--netD n_layers --n_layers_D 1 --norm batch --ndf 64"),
        (DiscriminatorSpec(receptive_field=286), "--netD n_layers --n_layers_D 5 --norm batch --ndf 64"),
    ],
    ids=str,
)
def test_the_incumbent_is_told_what_network_it_is(spec, told):
    assert converting.flags(spec) == told


def test_where_dropout_differs_is_said():
    (told,) = converting.differences(GeneratorSpec())
    assert "1, 2, 3 here, 2, 3, 4 there" in told
    assert converting.differences(GeneratorSpec(dropout=(2, 3, 4))) == []
    assert converting.differences(GeneratorSpec(dropout=())) == []
    assert converting.differences(GeneratorSpec(depth=7, dropout=(2, 3))) == []
    assert converting.differences(GeneratorSpec("resnet", depth=2, dropout=tuple(range(1, 7)), blocks=6)) == []
    assert converting.differences(DiscriminatorSpec()) == []
