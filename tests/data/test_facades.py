"""The drawn facades: repeatable, labelled in the palette only, and looking as their labels say."""

import numpy as np
import pytest
from numpy.typing import NDArray

from pixlate.data.facades import CLASSES, draw
from pixlate.data.facades.canvas import Pixels
from pixlate.errors import ConfigError

PALETTE = {kind.colour for kind in CLASSES}
COLOUR = {kind.name: kind.colour for kind in CLASSES}


@pytest.fixture(scope="module")
def pictures() -> list[tuple[Pixels, Pixels]]:
    return [draw(3, index, 64) for index in range(60)]


def where(labels: Pixels, name: str) -> NDArray[np.bool_]:
    at: NDArray[np.bool_] = (labels == np.array(COLOUR[name], np.uint8)).all(axis=-1)
    return at


def test_the_twelve_classes_keep_their_order_and_colours() -> None:
    names = "background facade window door cornice sill balcony blind deco molding pillar shop"
    assert " ".join(kind.name for kind in CLASSES) == names
    assert len(PALETTE) == 12
    assert [CLASSES[k].colour for k in (0, 6, 11)] == [(0, 0, 223), (191, 255, 64), (175, 0, 0)]


def test_same_numbers_give_the_same_bytes() -> None:
    first, again = draw(5, 2, 96), draw(5, 2, 96)
    assert first[0].tobytes() == again[0].tobytes()
    assert first[1].tobytes() == again[1].tobytes()


@pytest.mark.parametrize("other", [(5, 3), (6, 2)], ids=["another index", "another seed"])
def test_other_numbers_give_another_building(other: tuple[int, int]) -> None:
    (labels, photo), (other_labels, other_photo) = draw(5, 2, 64), draw(*other, 64)
    assert (labels != other_labels).any()
    assert (photo != other_photo).any()


@pytest.mark.parametrize("size", [32, 64, 100, 128, 256])
def test_both_pictures_have_the_size_asked_for(size: int) -> None:
    for picture in draw(0, 1, size):
        assert picture.shape == (size, size, 3)
        assert picture.dtype == np.uint8


@pytest.mark.parametrize("size", [31, 513])
def test_a_size_out_of_range_is_refused_by_name(size: int) -> None:
    with pytest.raises(ConfigError, match=f"size {size}: choose from 32 to 512"):
        draw(0, 0, size)


@pytest.mark.parametrize("size", [32, 64, 100, 128, 256])
def test_labels_hold_palette_colours_only(size: int) -> None:
    for index in range(4):
        colours = {tuple(colour) for colour in draw(1, index, size)[0].reshape(-1, 3).tolist()}
        assert colours <= PALETTE
        assert len(colours) >= 5


def test_every_class_appears_in_a_set(pictures: list[tuple[Pixels, Pixels]]) -> None:
    shares = {name: float(np.mean([where(labels, name).mean() for labels, _ in pictures])) for name in COLOUR}
    assert min(shares.values()) > 0.005, shares
    assert 0.30 < shares["facade"] < 0.45, shares
    assert 0.15 < shares["background"] < 0.30, shares
    assert 0.09 < shares["window"] < 0.18, shares


def test_the_building_is_the_same_at_every_size() -> None:
    small, large, stranger = draw(4, 0, 64)[0], draw(4, 0, 128)[0][::2, ::2], draw(4, 1, 64)[0]

    def agreement(one: Pixels, two: Pixels) -> float:
        return float((one == two).all(axis=-1).mean())

    assert agreement(small, large) > 0.85
    assert agreement(small, stranger) < 0.8


def test_the_global_random_state_is_neither_read_nor_moved() -> None:
    before = str(np.random.get_state())  # noqa: NPY002 - the global state is what is looked at
    first = draw(2, 0, 32)[1].tobytes()
    assert str(np.random.get_state()) == before  # noqa: NPY002
    np.random.seed(1)  # noqa: NPY002
    assert draw(2, 0, 32)[1].tobytes() == first


def test_windows_are_darker_than_the_wall_around_them() -> None:
    for index in range(12):
        labels, photo = draw(8, index, 128)
        window, wall = photo[where(labels, "window")].mean(), photo[where(labels, "facade")].mean()
        assert window < wall - 5, index


def test_labels_foretell_the_colours(pictures: list[tuple[Pixels, Pixels]]) -> None:
    """The mean colour of each class in the other pictures explains much of what differs within a picture."""
    colours = {
        name: np.mean(
            [photo[at].mean(0) for labels, photo in pictures[30:] if (at := where(labels, name)).any()], axis=0
        )
        for name in COLOUR
    }
    guessed, blank = [], []
    for labels, photo in pictures[:30]:
        guess = np.zeros(photo.shape)
        for name, colour in colours.items():
            guess[where(labels, name)] = colour
        guessed.append(((photo - guess) ** 2).mean())
        blank.append(((photo - photo.mean((0, 1))) ** 2).mean())
    assert np.mean(guessed) < 0.8 * np.mean(blank)
