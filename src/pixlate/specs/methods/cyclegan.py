"""CycleGAN's settings (Zhu et al., 2017)."""

import hashlib
import math
import os
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Literal, Self

from pixlate.errors import ConfigError
from pixlate.specs.data import Channels
from pixlate.specs.methods.settings import GanMode, NetworkPlan, Preset, PresetName

Objective = Literal["cycle+GAN", "cycle", "GAN", "GAN+forward-cycle", "GAN+backward-cycle", "SimGAN", "feature+GAN"]
Updates = Literal["together", "in-turn"]

PRESETS: dict[PresetName, Preset] = {
    "paper": Preset(
        epochs=200, decay=0.5, generator="resnet", norm="affine-instance", dropout=False, resample="bilinear"
    ),
    "incumbent": Preset(
        epochs=200,
        decay=0.5,
        generator="resnet",
        norm="instance",
        dropout=False,
        resample="bicubic",
        innermost_dropout=2,
        outer_levels=3,
    ),
}
_IDENTITY: dict[PresetName, float] = {"paper": 0.0, "incumbent": 0.5}
_TORCHVISION = "397923af"
"""How the SHA-256 of torchvision's published VGG-16 begins, and its name ends."""
_UPDATES: dict[PresetName, Updates] = {"paper": "in-turn", "incumbent": "together"}


@dataclass(frozen=True)
class CycleGANConfig:
    """CycleGAN: what is learned from two sets of pictures, in both directions. None means: as the preset says."""

    method: ClassVar[str] = "cyclegan"
    paired: ClassVar[bool] = False
    both_ways: ClassVar[bool] = True

    preset: PresetName = "paper"
    """Whose facts to follow: the paper's (and its Torch code), or those of pytorch-CycleGAN-and-pix2pix."""
    objective: Objective = "cycle+GAN"
    """What the generators are trained for: all of it, or an ablation or baseline of the paper (Tables 1 to 5)."""
    gan_mode: GanMode = "lsgan"
    """Adversarial loss: lsgan is the paper's; vanilla the cross-entropy of its eq. 1."""
    lambda_cycle: float = 10.0
    """λ: weight of both cycle terms (eq. 3)."""
    lambda_cycle_b: float | None = None
    """Weight of the cycle B → A → B, where it is to differ."""
    lambda_identity: float | None = None
    """Weight of the identity terms as a share of λ (section 5.2). Default: of cycle+GAN by preset, 0 or 0.5; else 0."""
    lambda_likeness: float = 10.0
    """Weight of SimGAN's and feature+GAN's term that holds the output to its source; the paper names none."""
    vgg: str | None = None
    """VGG-16 weights for feature+GAN: torchvision's vgg16-397923af.pth, or the same tensors as safetensors."""
    vgg_sha256: str | None = None
    """SHA-256 of that file, where it is not torchvision's, which begins with 397923af."""
    history: int = 50
    """Generated pictures kept of each domain, from which the discriminators are shown old ones; 0 keeps none."""
    updates: Updates | None = None
    """together: both generators, then both discriminators; in-turn: G, D_Y, F, D_X, each after the one before, as the
    paper's Torch code, which takes longer. Default: by preset, in-turn or together."""

    def check(self) -> None:
        """Make sure of what can be seen from these settings alone.

        Raises:
            ConfigError: a number out of its range, or settings that contradict one another.
        """
        for name in ("lambda_cycle", "lambda_cycle_b", "lambda_identity", "lambda_likeness"):
            value = getattr(self, name)
            if value is not None and not 0 <= value < math.inf:
                raise ConfigError(f"--{name.replace('_', '-')} is {value}; 0 or a positive number is wanted.")
        if self.history < 0:
            raise ConfigError(f"--history is {self.history}; 0 or more is wanted.")
        if (self.objective == "feature+GAN") != (self.vgg is not None):
            raise ConfigError("--objective feature+GAN and --vgg FILE go together: one needs the other.")
        if self.vgg_sha256 is not None and (self.vgg is None or not re.fullmatch("[0-9a-fA-F]{64}", self.vgg_sha256)):
            raise ConfigError("--vgg-sha256 wants the 64 hexadecimal digits of --vgg FILE.")
        if not self.adversarial and not any(self.cycles):
            raise ConfigError("--objective cycle with --lambda-cycle 0 leaves nothing to learn.")
        self._refuse_what_has_no_effect()

    def _refuse_what_has_no_effect(self) -> None:
        usual = CycleGANConfig()
        idle = {
            "lambda_cycle": not any(self.cycles) and self.lambda_cycle > 0,
            "lambda_cycle_b": self.objective not in ("cycle+GAN", "cycle", "GAN+backward-cycle"),
            "lambda_identity": not any(self.cycles) and bool(self.lambda_identity),
            "lambda_likeness": self.likeness is None,
            "gan_mode": not self.adversarial,
            "history": not self.adversarial,
        }
        for name, without_effect in idle.items():
            if without_effect and getattr(self, name) != getattr(usual, name):
                raise ConfigError(f"--{name.replace('_', '-')} has no effect with --objective {self.objective}.")

    def settled(self) -> Self:
        """The same with the VGG-16 file known by its content, wherever it lies.

        Raises:
            ConfigError: it cannot be read, or is another than its SHA-256 says.
        """
        if self.vgg is None:
            return self
        path = Path(os.path.abspath(self.vgg))  # noqa: PTH100 - never fails, whatever the name
        try:
            with path.open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except (OSError, ValueError) as error:
            raise ConfigError(f"{path} cannot be read ({error}).") from error
        if not found.startswith((self.vgg_sha256 or _TORCHVISION).lower()):
            raise ConfigError(
                f"{path} has the SHA-256 {found}. Give torchvision's vgg16-397923af.pth, whose begins with 397923af, "
                "or say with --vgg-sha256 that this file is meant."
            )
        return replace(self, vgg=str(path), vgg_sha256=found)

    @property
    def adversarial(self) -> bool:
        """Whether there are discriminators."""
        return self.objective != "cycle"

    @property
    def cycles(self) -> tuple[float, float]:
        """Weights of F(G(x)) ≈ x, the forward cycle, and of G(F(y)) ≈ y, the backward cycle (eq. 2)."""
        both = (self.lambda_cycle, self.lambda_cycle if self.lambda_cycle_b is None else self.lambda_cycle_b)
        asked = {
            "cycle+GAN": (1, 1),
            "cycle": (1, 1),
            "GAN+forward-cycle": (1, 0),
            "GAN+backward-cycle": (0, 1),
        }.get(self.objective, (0, 0))
        return both[0] * asked[0], both[1] * asked[1]

    @property
    def identities(self) -> tuple[float, float]:
        """Weights of F(x) ≈ x and of G(y) ≈ y."""
        share = self.lambda_identity
        if share is None:
            share = _IDENTITY[self.preset] if self.objective == "cycle+GAN" else 0.0
        return self.cycles[0] * share, self.cycles[1] * share

    @property
    def likeness(self) -> Literal["pixels", "features"] | None:
        """What is compared of an output and its source by a baseline without cycles."""
        return {"SimGAN": "pixels", "feature+GAN": "features"}.get(self.objective)  # type: ignore[return-value]

    @property
    def update_order(self) -> Updates:
        """As asked, or the preset's."""
        return self.updates or _UPDATES[self.preset]

    @property
    def facts(self) -> Preset:
        """Those of the preset."""
        return PRESETS[self.preset]

    def networks(self, channels: Channels) -> NetworkPlan:
        """G: X → Y, F: Y → X, and D_X and D_Y, which judge pictures of X and of Y."""
        if channels.source != channels.target and (any(self.identities) or self.likeness == "pixels"):
            wish = "SimGAN" if self.likeness == "pixels" else "the identity term (--lambda-identity 0 turns it off)"
            raise ConfigError(
                f"A has {channels.source} channels and B {channels.target}: {wish} compares the two. "
                "Give both as many with --source-channels and --target-channels."
            )
        return NetworkPlan(
            {"G": (channels.source, channels.target), "F": (channels.target, channels.source)},
            {"D_X": channels.source, "D_Y": channels.target} if self.adversarial else {},
        )

    def told(self) -> list[tuple[str, str]]:
        """The objective with its weights, the adversarial loss, the history and the order of updates."""
        weights = (
            [f"λ {' and '.join(f'{weight:g}' for weight in dict.fromkeys(self.cycles))}"] if any(self.cycles) else []
        )
        weights += [f"identity {max(self.identities):g}"] if any(self.identities) else []
        weights += [f"likeness {self.lambda_likeness:g}"] if self.likeness else []
        told = [("objective", ", ".join([self.objective, *weights]))]
        if self.adversarial:
            told += [("adversarial loss", self.gan_mode), ("history", f"{self.history} pictures a domain")]
        return [*told, ("updates", self.update_order)]
