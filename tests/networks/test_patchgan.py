"""The discriminators: patch sizes by recursion and by gradient, maps and parameter counts of the facts."""

import pytest
import torch

from pixlate.errors import ConfigError
from pixlate.networks.building import build_discriminator, count_parameters
from pixlate.networks.normalization import use_statistics
from pixlate.networks.patchgan import receptive_field
from pixlate.specs.networks import RECEPTIVE_FIELDS, DiscriminatorSpec, scaled_receptive_field

FACTS = [
    # receptive field, map of a 256×256 picture, parameters on 6 channels
    (1, 256, 9_024),
    (16, 126, 139_585),
    (34, 62, 666_433),
    (70, 30, 2_768_705),
    (142, 14, 6_964_033),
    (286, 6, 11_159_361),
    (574, 2, 15_354_689),
]


@pytest.mark.parametrize(("field", "side", "parameters"), FACTS)
def test_the_facts_hold(field: int, side: int, parameters: int) -> None:
    network = build_discriminator(DiscriminatorSpec(6, field), seed=0)
    assert count_parameters(network) == parameters
    assert receptive_field(network) == field
    with torch.no_grad():
        assert network(torch.zeros(1, 6, 256, 256)).shape == (1, 1, side, side)


@pytest.mark.parametrize(("field", "parameters"), [(70, 2_764_737), (1, 8_705)])
def test_cyclegans_discriminators_have_instance_norm_and_biases(field: int, parameters: int) -> None:
    assert count_parameters(build_discriminator(DiscriminatorSpec(3, field, norm="instance"), seed=0)) == parameters


@pytest.mark.parametrize("field", RECEPTIVE_FIELDS)
def test_a_logit_sees_exactly_its_patch(field: int) -> None:
    network = build_discriminator(DiscriminatorSpec(1, field, width=2), seed=0).eval()
    use_statistics(network, own=False)  # a picture's own statistics would let every pixel reach every logit
    x = torch.rand(1, 1, 640, 640).requires_grad_()
    logits = network(x)
    middle = logits.shape[-1] // 2
    logits[0, 0, middle, middle].backward()
    assert x.grad is not None
    rows = torch.nonzero(x.grad[0, 0].abs().sum(1)).flatten()
    assert int(rows.max() - rows.min()) + 1 == field


@pytest.mark.parametrize("field", RECEPTIVE_FIELDS)
@pytest.mark.parametrize("size", [(4, 4), (17, 33), (64, 64), (96, 200)])
def test_a_patch_larger_than_the_picture_judges_it_amid_zeros(field: int, size: tuple[int, int]) -> None:
    network = build_discriminator(DiscriminatorSpec(3, field, width=4), seed=0)
    logits = network(torch.rand(1, 3, *size))  # in training, where a norm refuses maps of one value
    assert torch.isfinite(logits).all()
    assert min(logits.shape) >= 1


def test_zeros_stand_evenly_around_the_picture() -> None:
    network = build_discriminator(DiscriminatorSpec(1, 286, width=2), seed=0).eval()
    seen: list[torch.Tensor] = []
    network.layers[0].register_forward_pre_hook(lambda _layer, inputs: seen.append(inputs[0]))
    network(torch.ones(1, 1, 64, 64))
    assert seen[0].shape == (1, 1, 96, 96)
    assert torch.equal(seen[0][..., 16:80, 16:80], torch.ones(1, 1, 64, 64))
    assert float(seen[0].sum()) == 64 * 64


def test_a_patch_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ConfigError, match="1, 7, 16, 34, 70, 142, 286"):
        DiscriminatorSpec(6, 64)


def test_the_patch_scales_with_the_picture() -> None:
    assert [scaled_receptive_field(size, size) for size in (32, 64, 128, 256, 512)] == [7, 16, 34, 70, 70]
