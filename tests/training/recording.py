"""What stands for a CUDA graph on the CPU."""

from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class Recording(TorchDispatchMode):
    """Every operation of a block, with its tensors."""

    HOST = ("aten::_local_scalar_dense", "aten::lift_fresh", "aten::nonzero", "aten::rand", "aten::randn")

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[Any, Any, Any, Any]] = []

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        assert function.name().split(".")[0] not in self.HOST, f"{function.name()} cannot be recorded"
        made = function(*args, **(kwargs or {}))
        self.calls.append((function, args, kwargs or {}, made))
        return made

    @torch.no_grad()
    def replay(self) -> None:
        for function, args, kwargs, made in self.calls:
            given = {each.untyped_storage().data_ptr() for each in tree_leaves((args, kwargs)) if is_tensor(each)}
            places, anew = tree_leaves(made), tree_leaves(function(*args, **kwargs))
            for place, new in zip(places, anew, strict=True):
                if is_tensor(place) and place.untyped_storage().data_ptr() not in given:  # neither a view nor in place
                    place.copy_(new)


def is_tensor(each: object) -> bool:
    return isinstance(each, Tensor)
