"""How networks begin, and how fast they learn."""

import math
from dataclasses import dataclass
from typing import Literal

from pixlate.errors import ConfigError

Init = Literal["normal", "xavier", "kaiming", "orthogonal"]
RatePolicy = Literal["linear", "step", "cosine"]


@dataclass(frozen=True)
class LearningConfig:
    """Optimizers and first weights. None means: as the method's preset says."""

    lr: float = 2e-4
    """Adam's learning rate (pix2pix, section 3.3)."""
    beta1: float = 0.5
    """Adam's first momentum."""
    beta2: float = 0.999
    """Adam's second momentum."""
    lr_policy: RatePolicy = "linear"
    """How the rate falls: linear to 0 over the last part of the run; step, to a tenth every so many epochs; cosine, to
    0 over the whole run."""
    decay: float | None = None
    """Last fraction of the run over which the linear rate falls to 0; 0 keeps it. Default: the preset's."""
    lr_step: int = 50
    """Epochs (or steps, where steps are asked for) between two falls of the step policy."""
    init: Init | None = None
    """First weights of the convolutions. Default: the preset's; normal in the papers, with deviation 0.02."""
    init_gain: float = 0.02
    """Deviation of normal first weights, factor of xavier and orthogonal ones."""
    start_from: tuple[str, ...] = ()
    """Start from weights there are: NETWORK=FILE, such as G=model.safetensors, or D=D.safetensors of an imported
    discriminator; or NETWORK=RUN, such as D=runs/other, from that run's newest checkpoint. May be given once for each
    network. What the network is, is said there."""

    def check(self) -> None:
        """Make sure of what can be seen from these settings alone.

        Raises:
            ConfigError: a number out of its range, or settings that contradict one another.
        """
        if not 0 < self.lr < math.inf:
            raise ConfigError(f"--lr is {self.lr}; a positive number is wanted.")
        for name in ("beta1", "beta2"):
            if not 0 <= getattr(self, name) < 1:
                raise ConfigError(f"--{name} is {getattr(self, name)}; a number from 0 to below 1 is wanted.")
        if self.decay is not None and not 0 <= self.decay <= 1:
            raise ConfigError(f"--decay is {self.decay}; a share from 0 to 1 is wanted.")
        idle = {
            "lr_step": self.lr_policy != "step",
            "init_gain": self.init == "kaiming",
        }
        for name, without_effect in idle.items():
            if without_effect and getattr(self, name) != getattr(LearningConfig(), name):
                other = f"--lr-policy {self.lr_policy}" if name != "init_gain" else "--init kaiming"
                raise ConfigError(f"--{name.replace('_', '-')} has no effect with {other}.")
        if self.lr_step < 1:
            raise ConfigError(f"--lr-step is {self.lr_step}; 1 or more is wanted.")
        if not 0 < self.init_gain < math.inf:
            raise ConfigError(f"--init-gain is {self.init_gain}; a positive number is wanted.")
