"""Adam, without what torch.compile would need of it."""

from inspect import unwrap

import torch


class Adam(torch.optim.Adam):
    """torch's own. What it wraps around these methods imports its compiler, which takes as long as all else of it."""

    add_param_group = unwrap(torch.optim.Adam.add_param_group)
    zero_grad = unwrap(torch.optim.Adam.zero_grad)
    state_dict = unwrap(torch.optim.Adam.state_dict)
    load_state_dict = unwrap(torch.optim.Adam.load_state_dict)
    step = torch.no_grad()(unwrap(torch.optim.Adam.step))
