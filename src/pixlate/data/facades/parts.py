"""The parts of a facade, each drawn as its label and its looks at once."""

from dataclasses import dataclass
from math import floor
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pixlate.data.facades.canvas import Box, Canvas, Colour, Floats, Material, Shape


class FacadeClass(NamedTuple):
    """One class of the label maps: its name, and its colour (red, green, blue; 0 to 255)."""

    name: str
    colour: tuple[int, int, int]


CLASSES = (
    FacadeClass("background", (0, 0, 223)),
    FacadeClass("facade", (0, 48, 255)),
    FacadeClass("window", (0, 128, 255)),
    FacadeClass("door", (0, 207, 255)),
    FacadeClass("cornice", (32, 255, 223)),
    FacadeClass("sill", (112, 255, 143)),
    FacadeClass("balcony", (191, 255, 64)),
    FacadeClass("blind", (255, 239, 0)),
    FacadeClass("deco", (255, 159, 0)),
    FacadeClass("molding", (255, 80, 0)),
    FacadeClass("pillar", (255, 0, 0)),
    FacadeClass("shop", (175, 0, 0)),
)
BACKGROUND, FACADE, WINDOW, DOOR, CORNICE, SILL, BALCONY, BLIND, DECO, MOLDING, PILLAR, SHOP = range(len(CLASSES))


@dataclass(frozen=True)
class Style:
    """How one kind of building is coloured and clad, and how likely it has which parts (0 to 1)."""

    walls: tuple[Colour, ...]  # taken by the number of bays
    trim: Colour
    frame: Colour
    accent: Colour  # doors, shutters, shop fronts
    awning: Colour
    course: float  # height of a course of brick or stone, units; 0: rendered smooth
    relief: float  # how much one brick differs from another in lightness
    joint: float  # a joint's lightness beside the brick's 1
    railing: Colour
    bars: tuple[float, float]  # the period of a railing's bars, units, and their share of it
    behind: Colour  # what a railing stands before
    gables: tuple[Shape, ...]
    gabled: float
    shutters: float
    rollers: float
    balconies: float
    moldings: float
    pillars: float
    panels: float


# Shapes and materials


def arch(y: Floats, x: Floats) -> NDArray[np.bool_]:
    """A round-headed opening."""
    return (y > 0.3) | ((2 * x - 1) ** 2 + (1 - y / 0.3) ** 2 <= 1)


def disc(y: Floats, x: Floats) -> NDArray[np.bool_]:
    """An ellipse that fills the box."""
    return (2 * x - 1) ** 2 + (2 * y - 1) ** 2 <= 1


def pediment(y: Floats, x: Floats) -> NDArray[np.bool_]:
    """A triangle on its base."""
    return np.abs(2 * x - 1) <= y


def steps(y: Floats, x: Floats) -> NDArray[np.bool_]:
    """A gable in five steps, over the middle of the wall."""
    return np.abs(2 * x - 1) <= 0.12 + 0.56 * np.floor(y * 5) / 4


def bell(y: Floats, x: Floats) -> NDArray[np.bool_]:
    """A gable with a round head and hollow flanks, over the middle of the wall."""
    flank = 0.3 + 0.5 * np.maximum(y - 0.35, 0) ** 2 / 0.42
    head = 0.3 * np.sqrt(1 - np.maximum(1 - y / 0.3, 0) ** 2)
    reach: Floats = np.minimum(flank, np.where(y < 0.3, head, 1))
    return np.abs(2 * x - 1) <= reach


def bars(length: float, period: float, share: float, along: Literal["y", "x"] = "x") -> Shape:
    """Bars that take `share` of every `period` units, as many as fit evenly into `length`."""
    count = max(1, floor(length / period + 0.5))
    return lambda y, x: ((x + 0 * y if along == "x" else y + 0 * x) * count + (1 - share) / 2) % 1 >= 1 - share


def lit(colour: Colour, first: float, last: float, along: Literal["y", "x"] = "y") -> Material:
    """The colour times `first` at the top or left edge, running to times `last` at the other."""
    return lambda y, x: tinted(colour, first + (last - first) * (y if along == "y" else x))


def tinted(colour: Colour, light: Floats) -> Floats:
    """The colour (h, w, 3) under this light (h, w)."""
    return light[..., None] * np.array(colour, np.float32)


def noise(rng: np.random.Generator, rows: int, columns: int) -> Material:
    """A smooth random field over a box, (h, w), 0 to 1, with so many bumps down and across."""
    grid = rng.random((rows + 2, columns + 2), np.float32)

    def field(y: Floats, x: Floats) -> Floats:
        v, u = y * np.float32(rows), x * np.float32(columns)
        i, j = v[:, 0].astype(np.intp), u[0].astype(np.intp)
        v, u = v - i[:, None], u - j
        v, u = v * v * (3 - 2 * v), u * u * (3 - 2 * u)
        lines = grid[i] * (1 - v) + grid[i + 1] * v
        bumps: Floats = lines[:, j] * (1 - u) + lines[:, j + 1] * u
        return bumps

    return field


def cladding(canvas: Canvas, box: Box, style: Style, colour: Colour) -> Material:
    """A wall's courses, set out from the picture's corner, or plain render; weathered, and darker near the ground."""
    weather, tones = noise(canvas.rng, 5, 6), canvas.rng.random((32, 32), np.float32)

    def material(y: Floats, x: Floats) -> Floats:
        light = 0.93 + 0.14 * weather(y, x) + 0.05 * (0.5 - x) - 0.5 * np.maximum(y - 0.8, 0)
        if style.course:
            v = (box.top + y * box.height) / style.course
            row = v.astype(np.intp)
            u = (box.left + x * box.width) / (2 * style.course) + row % 2 / 2
            light *= 1 + style.relief * (tones[row % 32, u.astype(np.intp) % 32] - 0.5)
            light *= np.where((v % 1 < 0.25) | (u % 1 < 0.125), style.joint, 1)
        return tinted(colour, light)

    return material


def glass(canvas: Canvas) -> Material:
    """Dark panes: the sky mirrored in their upper part and in a slanting streak, the wall's shadow at top and left."""
    level = canvas.rng.random(dtype=np.float32) * 0.2 + 0.9

    def material(y: Floats, x: Floats) -> Floats:
        sky = 0.42 * (1 - y) ** 2 + 0.30 * np.clip(1 - np.abs(x + 0.7 * y - 0.75) * 5, 0, 1)
        shadow = np.clip(0.35 + 7 * y, 0, 1) * np.clip(0.5 + 4 * x, 0, 1) * level
        dark, bright = np.array((0.08, 0.11, 0.15), np.float32), np.array((0.62, 0.74, 0.84), np.float32)
        pane: Floats = (dark + (bright - dark) * sky[..., None]) * shadow[..., None]
        return pane

    return material


# Elements


def paint_course(canvas: Canvas, box: Box, kind: int, colour: Colour, shadow: float) -> Box:
    """A band of stone standing out of the wall: lit above, dark beneath, its shadow so many units long."""
    box = canvas.snap(box)
    canvas.shade(box.below(shadow), 0.45)
    return canvas.paint(box, kind, lit(colour, 1.12, 0.82))


def paint_cornice(canvas: Canvas, box: Box, style: Style) -> None:
    """The crown of the wall, with dentils."""
    box = paint_course(canvas, box, CORNICE, style.trim, 4.5)
    lower = box.part(top=0.5, bottom=0.85)
    canvas.fill(lower, lit(style.trim, 0.55, 0.6))
    canvas.fill(lower, lit(style.trim, 1.0, 0.85), bars(box.width, 4, 0.5))


def paint_pillar(canvas: Canvas, box: Box, style: Style) -> None:
    """A pilaster with a flute, base and capital, lit from the left."""
    box = canvas.snap(box)
    canvas.shade(Box(box.top, box.right, box.bottom, box.right + 2), 0.35, "x")
    canvas.paint(box, PILLAR, lit(style.trim, 1.12, 0.72, "x"))
    canvas.fill(box.post(0.4, 0.5), lit(style.trim, 0.82, 0.82))
    canvas.fill(box._replace(bottom=box.top + 2.5), lit(style.trim, 1.12, 0.8))
    canvas.fill(box._replace(top=box.bottom - 2.5), lit(style.trim, 1.12, 0.8))


def paint_window(canvas: Canvas, box: Box, style: Style, shape: Shape | None = None) -> Box:
    """A window in its stone surround, with as many leaves as its width asks for; returns its snapped box."""
    box = canvas.snap(box)
    canvas.fill(box.inset(-0.75), lit(style.trim, 1.0, 0.9), shape)
    canvas.paint(box, WINDOW, style.frame, shape)
    pane = box.inset(0.5)
    canvas.fill(pane, glass(canvas), shape)
    leaves = max(2, floor(box.width / 8 + 0.5))
    for k in range(1, leaves):
        canvas.fill(pane.post(k / leaves, 0.5), style.frame)
    if box.height > 8:
        transom = pane.top + 0.32 * pane.height
        canvas.fill(pane._replace(top=transom - 0.25, bottom=transom + 0.25), style.frame)
    return box


def paint_sill(canvas: Canvas, window: Box, style: Style) -> None:
    """The sill of this window."""
    paint_course(canvas, window.below(1.6, 1.5), SILL, style.trim, 3)


def paint_shutters(canvas: Canvas, window: Box, style: Style) -> None:
    """Louvred shutters, open, at both sides of this window."""
    wide = window.width * 0.4
    for left in (window.left - wide, window.right):
        box = canvas.snap(Box(window.top, left, window.bottom, left + wide))
        canvas.shade(Box(box.top, box.right, box.bottom, box.right + 1.5), 0.3, "x")
        canvas.paint(box, BLIND, style.accent)
        slats = box.inset(0.6)
        canvas.fill(slats, lit(style.accent, 0.6, 0.6))
        canvas.fill(slats, lit(style.accent, 1.35, 1.2), bars(slats.height, 2, 0.5, "y"))


def paint_roller(canvas: Canvas, window: Box, drop: float) -> None:
    """A roller blind that covers the share `drop` of this window."""
    box = canvas.paint(window.part(bottom=drop), BLIND, (0.62, 0.56, 0.46))
    canvas.fill(box, lit((0.90, 0.85, 0.74), 0.85, 1.0), bars(box.height, 2, 0.6, "y"))
    canvas.shade(box.below(1.5), 0.5)


def paint_balcony(canvas: Canvas, window: Box, style: Style) -> None:
    """A slab and its railing before the lower part of this window (or row of windows)."""
    lower = window.part(top=0.6)
    box = canvas.snap(Box(lower.top, lower.left - 2.5, lower.bottom + 1.5, lower.right + 2.5))
    canvas.shade(box.below(5), 0.5)
    canvas.paint(box, BALCONY, style.behind)
    canvas.fill(box, lit(style.railing, 1.0, 0.9), bars(box.width, *style.bars))
    canvas.fill(box._replace(bottom=box.top + 1), lit(style.railing, 1.1, 0.9))
    canvas.fill(box._replace(top=box.bottom - 1.5), lit(style.trim, 1.1, 0.75))


def paint_deco(canvas: Canvas, box: Box, style: Style, shape: Shape | None = None) -> None:
    """A carved relief; a plain rectangle (no shape) gets a rosette."""
    box = canvas.snap(box)
    canvas.shade(box.below(1.5), 0.35)
    canvas.paint(box, DECO, lit(style.trim, 1.15, 0.9), shape)
    canvas.fill(box.inset(0.75), lit(style.trim, 0.62, 0.8), shape)
    if shape is None:
        canvas.fill(box.post(0.5, box.height).inset(0.75), lit(style.trim, 1.15, 0.8), disc)
    elif shape is disc:
        canvas.fill(box.part(0.28, 0.28, 0.72, 0.72), lit(style.trim, 1.15, 0.8), disc)


def paint_door(canvas: Canvas, box: Box, style: Style, shape: Shape | None = None) -> None:
    """A double door with panels, a light above it and a knob."""
    box = canvas.snap(box)
    canvas.fill(box.inset(-1.25), lit(style.trim, 1.05, 0.9), shape)
    canvas.paint(box, DOOR, lit(style.accent, 0.8, 0.8), shape)
    canvas.fill(box.inset(0.75)._replace(bottom=box.top + box.height * 0.25), glass(canvas), shape)
    for left in (0.08, 0.54):
        for top, bottom in ((0.32, 0.62), (0.67, 0.95)):
            panel = box.part(top, left, bottom, left + 0.38)
            canvas.fill(panel, lit(style.accent, 1.5, 1.3))
            canvas.fill(panel.inset(0.5), lit(style.accent, 0.9, 1.15))
    canvas.fill(box.part(top=0.26).post(0.5, 0.5), lit(style.accent, 0.4, 0.4))
    canvas.fill(box.part(0.6, 0.56, 0.65, 0.64), (0.85, 0.70, 0.35))


def paint_shop(canvas: Canvas, box: Box, style: Style) -> None:
    """A lit display window with goods, under a sign and a striped awning."""
    box = canvas.paint(box, SHOP, lit(style.accent, 1.0, 0.8))
    sign, awning = box.part(bottom=0.2), box.part(top=0.2, bottom=0.42)
    display = Box(awning.top, box.left + 1, box.bottom - box.height * 0.14, box.right - 1)
    canvas.fill(display, lit((0.93, 0.74, 0.45), 0.55, 0.85))
    canvas.fill(display.part(top=0.66), lit((0.42, 0.30, 0.26), 1.0, 0.7), bars(display.width, 4, 0.6))
    canvas.fill(display, lit((0.75, 0.82, 0.85), 0.7, 0.9), lambda y, x: np.abs(x + 0.6 * y - 0.8) < 0.06)
    panes = max(1, floor(box.width / 14 + 0.5))
    for k in range(1, panes):
        canvas.fill(display.post(k / panes, 0.8), style.accent)
    canvas.fill(sign.inset(0.5), lit(style.accent, 1.3, 1.0))
    canvas.fill(sign.part(0.35, 0.2, 0.72, 0.8), (0.95, 0.88, 0.68), bars(sign.width * 0.6, 2, 0.6))
    canvas.shade(awning.below(4), 0.6)
    canvas.fill(awning, lit((0.96, 0.93, 0.86), 1.0, 0.85))
    canvas.fill(awning, lit(style.awning, 1.1, 0.85), bars(awning.width, 4, 0.5))
