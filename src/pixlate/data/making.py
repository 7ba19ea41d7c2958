"""Sources made of the targets by a recipe, as they are needed; and what the sides of such pictures are."""

import os
from dataclasses import dataclass, replace

import numpy as np

from pixlate import draws
from pixlate.errors import ConfigError, PictureError
from pixlate.images import Picture
from pixlate.recipes import table
from pixlate.recipes.edges import HED
from pixlate.recipes.own import Own
from pixlate.recipes.protocol import Recipe
from pixlate.specs.data import DataConfig
from pixlate.specs.pictures import FULL_SCALE, Kind, Sides

LAB = "lab"
"""The recipe of colorization: the source is the L of a picture's CIE Lab, the target its ab."""


@dataclass(frozen=True)
class Making:
    """How pictures of one side become those of the other."""

    recipe: Recipe
    reverse: bool = False
    """Whether the recipe makes the targets (--direction BtoA)."""
    kind: Kind | None = None
    """Of all that the recipe makes; None until that is known."""

    def of(self, sides: Sides) -> Kind:
        """What the pictures are that the others are made of."""
        return sides.source if self.reverse else sides.target

    def pair(self, picture: Picture, name: str, seed: int, *place: str | int) -> tuple[Picture, Picture]:
        """Source and target (H, W, C) of a picture; what is drawn depends on (seed, place) alone.

        Raises:
            PictureError: the recipe makes nothing of it. `name` opens the complaint.
        """
        rng = np.random.default_rng(draws.seed(seed, "recipe", *place))
        try:
            made = self._back(self.recipe.make(self._spread(picture), rng))
        except PictureError as error:
            raise PictureError(f"{name}: {error}") from error
        if self.kind is not None and made.shape[-1] != self.kind.channels:
            wanted = self.kind.channels
            raise PictureError(f"{name}: the recipe gave {made.shape[-1]} channels, not {wanted} as of others.")
        return (picture, made) if self.reverse else (made, picture)

    def _spread(self, picture: Picture) -> Picture:
        """The picture with its range on the whole scale, for what is black and white to a recipe lies at the ends."""
        if self.kind is None or self.kind.full_scale:
            return picture
        low, high, full = self._scale(self.kind)
        shares = np.clip((picture.astype(np.float32) - low) / (high - low), 0, 1)
        spread: Picture = np.rint(shares * full).astype(picture.dtype)
        return spread

    def _back(self, made: Picture) -> Picture:
        if self.kind is None or self.kind.full_scale:
            return made
        low, high, full = self._scale(self.kind)
        again: Picture = np.rint(low + made.astype(np.float32) / full * (high - low)).astype(made.dtype)
        return again

    @staticmethod
    def _scale(kind: Kind) -> tuple[np.float32, np.float32, np.float32]:
        return np.float32(kind.low[0]), np.float32(kind.high[0]), np.float32(FULL_SCALE[kind.number])


def making(config: DataConfig, *, paired: bool) -> Making | None:
    """What the settings ask for; None where sources are pictures of their own, or the L of the targets.

    Raises:
        ConfigError: no such recipe, or one where it has no meaning.
    """
    if config.recipe is None:
        return None
    if not paired:
        raise ConfigError("--recipe makes pairs; this method learns from pictures that are not paired.")
    made = "target" if config.direction == "BtoA" else "source"
    for setting in ("channels", "range", "classes", "alpha"):
        if getattr(config, f"{made}_{setting}") is not None:
            raise ConfigError(f"--{made}-{setting} has no meaning with --recipe, which makes the {made}s.")
    if config.recipe == LAB:
        if config.direction != "AtoB":
            raise ConfigError("--recipe lab learns ab from L; leave --direction out.")
        return None
    return Making(_parsed(config.recipe, config.recipe_sha256), reverse=config.direction == "BtoA")


def _parsed(text: str, sha256: str | None) -> Recipe:
    try:
        return table.parse(text, sha256)
    except ConfigError as error:
        if text.partition(":")[0] in table.RECIPES or ".py:" in text:
            raise
        raise ConfigError(f"{error} Or {LAB}, for colorization.") from error


def sides_of(picture: Kind, config: DataConfig, made: Making | None) -> Sides:
    """What both sides are, where all pictures are of one kind.

    Raises:
        ConfigError: a kind of picture that the recipe does not take.
    """
    if made is None:
        if picture.channels != 3 or not picture.full_scale or picture.space != "values":
            raise ConfigError(f"--recipe lab takes RGB of 8 or 16 bits, not {picture}.")
        return Sides(replace(picture, space="lightness"), replace(picture, space="ab"))
    if picture.number == "float32":
        raise ConfigError(f"--recipe {config.recipe} takes pictures of 8 or 16 bits, not {picture}.")
    channels = made.recipe.channels(picture.channels)
    low, high = (min(picture.low),), (max(picture.high),)
    other = Kind(channels, picture.number, low, high, ending=picture.ending if channels in (1, 3) else ".tif")
    return Sides(picture, other) if made.reverse else Sides(other, picture)


def settled(config: DataConfig) -> DataConfig:
    """The settings with the recipe written out in full, its files by their whole names and with their SHA-256.

    Raises:
        ConfigError: no such recipe, a file that cannot be read, or is not the one that `recipe_sha256` names.
    """
    if config.recipe is None or config.recipe == LAB:
        if config.recipe_sha256 is not None:
            raise ConfigError("--recipe-sha256 belongs to a --recipe that has files.")
        return config
    asked = config.recipe_sha256
    recipe = _parsed(config.recipe, asked)
    if isinstance(recipe, Own) and recipe.place.endswith(".py"):
        recipe = replace(recipe, place=os.path.abspath(recipe.place))  # noqa: PTH100 - never fails, whatever the name
    elif isinstance(recipe, HED):
        recipe = replace(recipe, weights=os.path.abspath(recipe.weights))  # noqa: PTH100
    found = table.fingerprint(recipe)
    if asked is not None and found is None:
        raise ConfigError(f"--recipe-sha256 is given, but {config.recipe} has no files.")
    if asked is not None and not (found or "").startswith(asked.lower()):
        raise ConfigError(f"The files of {config.recipe} have the SHA-256 {found}, and {asked} is asked for.")
    return replace(config, recipe=table.text(recipe), recipe_sha256=found)
