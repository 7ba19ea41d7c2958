"""What the models of these tests say of themselves."""

from typing import Any

from pixlate.specs.card import Card
from pixlate.specs.networks import GeneratorSpec


def card_of(spec: GeneratorSpec, **others: Any) -> Card:
    """The card of a model that was trained on drawn pictures; `others` are further fields."""
    return Card(
        generator=spec,
        method="pix2pix",
        direction="AtoB",
        preset="paper",
        objective="L1+cGAN",
        trained_on="drawn",
        pairs=1,
        size=(32, 32),
        step=1,
        **others,
    )
