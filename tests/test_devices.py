"""CUDA's arithmetic while a run lasts, and updates that are judged on the device."""

import pytest
import torch

from pixlate.devices import Device, NotFinite, Verdict, arithmetic
from pixlate.errors import ConfigError


def test_from_the_first_that_is_not_finite_on_no_update_of_the_step_is_made() -> None:
    device = Device("cpu")
    verdict = Verdict(device.torch)
    weights = [torch.nn.Parameter(torch.ones(3)) for _ in range(3)]
    optimizers = [torch.optim.Adam([weight], fused=True) for weight in weights]
    with device.judged_by(verdict):
        for place, (weight, optimizer) in enumerate(zip(weights, optimizers, strict=True)):
            loss = weight.sum() * (torch.inf if place == 1 else 1)
            device.backward(loss, optimizer)
            device.update(optimizer, {f"loss {place}": loss.detach()})
    assert [torch.equal(weight, torch.ones(3)) for weight in weights] == [False, True, True]
    with pytest.raises(NotFinite, match=r"loss 1 is inf, the norm of the gradients is inf$"):
        verdict.check()
    with device.judged_by(verdict):
        pass
    verdict.check()


def test_tf32_is_for_cuda_and_other_precisions_are_in_full() -> None:
    with pytest.raises(ConfigError, match="precision tf32 needs CUDA"):
        Device("cpu", "tf32")

    def now() -> tuple[bool, ...]:
        cudnn, matmul = torch.backends.cudnn, torch.backends.cuda.matmul
        return cudnn.allow_tf32, matmul.allow_tf32, cudnn.deterministic, cudnn.benchmark

    before = now()
    with arithmetic("tf32"):
        assert now() == (True, True, True, False)
        with arithmetic("32"):
            assert now() == (False, False, True, False)
        assert now() == (True, True, True, False)
    assert now() == before
