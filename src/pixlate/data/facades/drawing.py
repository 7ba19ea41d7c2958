"""Building facades drawn by rule: a label map, and a photo-like picture of the same building.

Nothing is downloaded, and the same numbers give the same bytes. A picture's looks follow from its label map nearly
everywhere (a building with pillars is of stone, windows above the cornice stand in a slate roof), so that a network
can learn them; weathering, clouds and small shifts of colour are what it cannot know.
"""

from dataclasses import dataclass
from math import floor

import numpy as np

from pixlate import draws
from pixlate.data.facades.canvas import UNITS, Box, Canvas, Colour, Floats, Pixels, Shape
from pixlate.data.facades.parts import (
    BACKGROUND,
    CLASSES,
    FACADE,
    MOLDING,
    Style,
    arch,
    bars,
    bell,
    cladding,
    disc,
    lit,
    noise,
    paint_balcony,
    paint_cornice,
    paint_course,
    paint_deco,
    paint_door,
    paint_pillar,
    paint_roller,
    paint_shop,
    paint_shutters,
    paint_sill,
    paint_window,
    pediment,
    steps,
    tinted,
)
from pixlate.errors import ConfigError

SIZES = range(32, 513)


# What lies around it


def paint_surroundings(canvas: Canvas, wall: Box) -> None:
    """Sky over the whole picture; beside the wall trees or, where narrow, a house; the street below."""
    clouds, wisps = noise(canvas.rng, 6, 4), noise(canvas.rng, 18, 10)

    def sky(y: Floats, x: Floats) -> Floats:
        high, low = np.array((0.36, 0.58, 0.84), np.float32), np.array((0.80, 0.88, 0.93), np.float32)
        blue = high + (low - high) * np.minimum(y * 1.6, 1)[..., None]
        cover = np.clip(1.6 * clouds(y, x) + 0.7 * wisps(y, x) - 1.1, 0, 0.85)[..., None]
        clouded: Floats = blue + (0.97 - blue) * cover
        return clouded

    canvas.paint(Box(0, 0, UNITS, UNITS), BACKGROUND, sky)
    for side in (wall._replace(left=0, right=wall.left), wall._replace(left=wall.right, right=UNITS)):
        if side.width > 7:
            paint_trees(canvas, side.part(top=0.3))
        elif side.width > 0:
            house = side.part(top=0.15)
            canvas.fill(house, lit((0.56, 0.55, 0.56), 1.0, 0.85))
            canvas.fill(house, (0.34, 0.35, 0.39), bars(house.height, 16, 0.4, "y"))
            canvas.fill(house._replace(bottom=house.top + 1.5), (0.42, 0.36, 0.34))
    street = Box(wall.bottom, 0, UNITS, UNITS)
    canvas.fill(street, lit((0.40, 0.40, 0.42), 0.8, 1.1))
    canvas.fill(street._replace(bottom=street.top + 3), lit((0.70, 0.68, 0.65), 0.8, 1.0))
    canvas.fill(street._replace(top=street.top + 3, bottom=street.top + 3.75), (0.30, 0.30, 0.31))


def paint_trees(canvas: Canvas, box: Box) -> None:
    """Foliage up to a ragged skyline."""
    crown, leaves = noise(canvas.rng, 5, 2), noise(canvas.rng, 40, max(2, floor(box.width / 2)))

    def foliage(y: Floats, x: Floats) -> Floats:
        return tinted((0.34, 0.45, 0.20), (1.15 - 0.6 * y) * (0.5 + 0.45 * leaves(y, x) + 0.35 * crown(y, x)))

    canvas.fill(box, foliage, lambda y, x: crown(y, x) + 0.5 * leaves(y, x) + 6 * y > 1.1)


# The design

# Pillars tell that a building is of stone; shutters or bands, without pillars, that it is stuccoed; none, of brick.
BRICK = Style(
    walls=((0.64, 0.36, 0.28), (0.60, 0.32, 0.26), (0.66, 0.40, 0.30)), course=4, relief=0.22, joint=1.14,
    trim=(0.87, 0.83, 0.75), frame=(0.86, 0.84, 0.79), accent=(0.17, 0.31, 0.25), awning=(0.20, 0.42, 0.32),
    railing=(0.12, 0.13, 0.14), bars=(2, 0.35), behind=(0.58, 0.50, 0.44), gables=(steps, bell, pediment),
    gabled=0.65, shutters=0, rollers=0.4, balconies=0.35, moldings=0, pillars=0, panels=0.3,
)  # fmt: skip
STUCCO = Style(
    walls=((0.89, 0.70, 0.44), (0.87, 0.60, 0.48), (0.91, 0.80, 0.60)), course=0, relief=0, joint=1,
    trim=(0.95, 0.91, 0.84), frame=(0.90, 0.88, 0.84), accent=(0.27, 0.44, 0.43), awning=(0.76, 0.26, 0.22),
    railing=(0.13, 0.14, 0.16), bars=(2, 0.35), behind=(0.66, 0.61, 0.54), gables=(pediment, bell),
    gabled=0.35, shutters=0.7, rollers=0, balconies=0.65, moldings=0.6, pillars=0, panels=0.3,
)  # fmt: skip
STONE = Style(
    walls=((0.79, 0.71, 0.58), (0.76, 0.69, 0.60), (0.82, 0.72, 0.55)), course=8, relief=0.12, joint=0.86,
    trim=(0.91, 0.86, 0.76), frame=(0.45, 0.32, 0.24), accent=(0.40, 0.16, 0.15), awning=(0.24, 0.30, 0.50),
    railing=(0.95, 0.90, 0.81), bars=(3, 0.5), behind=(0.36, 0.32, 0.28), gables=(pediment,),
    gabled=0.3, shutters=0, rollers=0.35, balconies=0.5, moldings=0.8, pillars=1, panels=0.7,
)  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """One building's design, drawn by lot before anything is painted."""

    style: Style
    colour: Colour
    wall: Box
    storeys: int
    bays: int
    window: tuple[float, float]  # its share of a bay's width and of a storey's height
    shape: Shape | None  # the openings'; none: rectangles
    gable: Shape | None
    dormers: bool
    chimneys: tuple[float, ...]  # their places along the wall, 0 to 1
    shutters: bool
    rollers: bool
    balconies: tuple[int, ...]  # the storeys that have them
    every: int  # at each window, at every second one; 0: one along the whole storey
    moldings: bool
    pillars: int  # 0: none, 1: at the corners, 2: between all bays
    panels: bool
    lintels: bool
    shop: bool
    door: int  # the bay it is in

    def column(self, box: Box, bay: int) -> Box:
        """The part of a storey that belongs to this bay."""
        return box.part(left=0.03 + 0.94 * bay / self.bays, right=0.03 + 0.94 * (bay + 1) / self.bays)


def draw_plan(rng: np.random.Generator) -> Plan:
    """A building, each part as likely as its style has it."""

    def chance(share: float) -> bool:
        return float(rng.random()) < share

    def between(low: float, high: float) -> float:
        return low + (high - low) * float(rng.random())

    def count(low: int, high: int) -> int:
        return int(rng.integers(low, high + 1))

    style = (BRICK, STUCCO, STONE)[count(0, 2)]
    storeys = count(3, 5)
    bays = count(3, 5 if storeys < 5 else 6)
    gable = style.gables[count(0, len(style.gables) - 1)] if chance(style.gabled) else None
    dormers = gable is None and chance(0.4)
    top = between(21, 28) if gable else between(20, 24) if dormers else between(9, 18)
    left, right = (0 if chance(0.15) else between(1.5, 10.5) for _ in range(2))
    shutters = chance(style.shutters)
    red, green, blue = style.walls[bays % len(style.walls)]
    tone = between(0.95, 1.05)
    return Plan(
        style=style,
        colour=(red * tone, green * tone, blue * tone * between(0.96, 1.04)),
        wall=Box(top, left, between(118, 124), UNITS - right),
        storeys=storeys,
        bays=bays,
        window=(between(0.38, 0.44) if shutters else between(0.5, 0.62), between(0.57, 0.66)),
        shape=arch if not shutters and chance(0.35) else None,
        gable=gable,
        dormers=dormers,
        chimneys=tuple(place for place in (0.08, 0.5, 0.84) if chance(0.4)),
        shutters=shutters,
        rollers=chance(style.rollers),
        balconies=tuple(k for k in range(1, storeys) if chance(style.balconies * 0.7)),
        every=count(0, 2),
        moldings=chance(1 if style is STUCCO and not shutters else style.moldings),
        pillars=count(1, 2) if chance(style.pillars) else 0,
        panels=chance(style.panels),
        lintels=chance(0.55),
        shop=chance(0.5),
        door=bays // 2 if chance(0.6) else count(0, bays - 1),
    )


def build(canvas: Canvas, wall: Box, plan: Plan) -> None:
    """The building, from what is farthest to what stands out most."""
    style = plan.style
    paint_roof(canvas, wall, plan)
    canvas.paint(wall, FACADE, cladding(canvas, wall, style, plan.colour))
    ground = wall.part(top=1 - 1.2 / (plan.storeys + 0.2))
    upper = wall._replace(top=wall.top + 4, bottom=ground.top)
    if plan.pillars:
        for k in range(0, plan.bays + 1, plan.bays if plan.pillars == 1 else 1):
            paint_pillar(canvas, plan.column(upper, k).post(0, 3.2), style)
    if plan.shop or plan.moldings:
        paint_course(canvas, ground.part(bottom=0)._replace(bottom=ground.top + 2.5), MOLDING, style.trim, 4)
    for level in range(plan.storeys - 1, 0, -1):
        storey = upper.part(top=1 - level / (plan.storeys - 1), bottom=1 - (level - 1) / (plan.storeys - 1))
        if plan.moldings and level > 1:
            paint_course(canvas, storey.below(2), MOLDING, style.trim, 2.5)
        paint_storey(canvas, storey, plan, level)
    for bay in range(plan.bays):
        paint_entrance(canvas, plan.column(ground, bay), plan, bay)
    paint_cornice(canvas, wall._replace(bottom=wall.top + 4, left=wall.left - 1.5, right=wall.right + 1.5), style)


def paint_roof(canvas: Canvas, wall: Box, plan: Plan) -> None:
    """What stands on the wall: a gable, a slate roof with dormers (itself labelled background), or chimneys."""
    style = plan.style
    if plan.gable is not None:
        box = canvas.snap(wall.above(min(24, wall.top - 4), -2))
        canvas.fill(box.inset(-1), lit(style.trim, 1.0, 0.9), plan.gable)
        canvas.paint(box, FACADE, cladding(canvas, box, style, plan.colour), plan.gable)
        medallion = box.part(top=0.48, bottom=0.88)
        paint_deco(canvas, medallion.post(0.5, medallion.height), style, disc)
    elif plan.dormers:
        slate = wall.above(15, -1)
        canvas.fill(slate, lit((0.36, 0.38, 0.43), 1.2, 0.8))
        canvas.fill(slate, lit((0.30, 0.32, 0.36), 1.2, 0.8), bars(15, 2, 0.4, "y"))
        for bay in range(plan.bays):
            frame = plan.column(wall, bay)._replace(top=slate.top + 4.5, bottom=slate.top + 12.5)
            window = paint_window(canvas, frame.post(0.5, 7), style)
            paint_deco(canvas, window.above(3.2, 1.5), style, pediment)
    else:
        for place in plan.chimneys:
            box = canvas.snap(wall.above(9).post(place, 6))
            canvas.paint(box, FACADE, cladding(canvas, box, style, plan.colour))
            canvas.fill(box._replace(bottom=box.top + 1.5), lit(style.trim, 1.0, 0.7))


def paint_storey(canvas: Canvas, storey: Box, plan: Plan, level: int) -> None:
    """An upper storey's windows with what belongs to them."""
    style, (wide, high) = plan.style, plan.window
    row: list[Box] = []
    for bay in range(plan.bays):
        cell = plan.column(storey, bay)
        thick = min(wide * cell.width, (0.8 if plan.shutters else 1) * high * cell.height)
        box = paint_window(canvas, cell.part(top=0.21, bottom=0.21 + high).post(0.5, thick), style, plan.shape)
        row.append(box)
        if plan.lintels and plan.shape is None:
            paint_deco(canvas, box.above(min(4, cell.height * 0.14), 1), style, None if level % 2 else pediment)
        if plan.shutters:
            paint_shutters(canvas, box, style)
        if plan.rollers and plan.shape is None:
            paint_roller(canvas, box, (0.3, 0.5, 0.3, 0.75)[int(canvas.rng.integers(4))])
        if level in plan.balconies and plan.every and bay % plan.every == 0:
            paint_balcony(canvas, box, style)
        elif level not in plan.balconies or plan.every:
            paint_sill(canvas, box, style)
            if plan.panels and plan.storeys < 4 and level > 1:
                paint_deco(canvas, box.below(5)._replace(top=box.bottom + 2.2), style)
    if level in plan.balconies and not plan.every:
        paint_balcony(canvas, row[0]._replace(right=row[-1].right), style)


def paint_entrance(canvas: Canvas, cell: Box, plan: Plan, bay: int) -> None:
    """One bay of the ground floor: the door, a shop, or a window."""
    if bay == plan.door:
        door = cell._replace(top=max(cell.top + 4, cell.bottom - 24))
        paint_door(canvas, door.post(0.5, min(cell.width * 0.64, 13)), plan.style, plan.shape)
    elif plan.shop:
        paint_shop(canvas, Box(cell.top + 3, cell.left + 1, cell.bottom, cell.right - 1), plan.style)
    else:
        box = cell.part(top=0.27, bottom=0.72)
        thick = min(plan.window[0] * cell.width, box.height)
        paint_sill(canvas, paint_window(canvas, box.post(0.5, thick), plan.style, plan.shape), plan.style)


def draw(seed: int, index: int, size: int = 128) -> tuple[Pixels, Pixels]:
    """Facade `index` of the set `seed`: its label map and its photo, both (size, size, 3), 0 to 255.

    The label map holds the colours of `CLASSES` and no others. `size` is 32 to 512 pixels; the building is the same
    at each.
    """
    if size not in SIZES:
        raise ConfigError(f"A facade cannot be drawn at size {size}: choose from {SIZES.start} to {SIZES.stop - 1}.")
    rng = np.random.Generator(np.random.PCG64(draws.seed(seed, "facade", index)))
    plan = draw_plan(rng)
    canvas = Canvas(size, rng)
    wall = canvas.snap(plan.wall)
    paint_surroundings(canvas, wall)
    build(canvas, wall, plan)
    palette = np.array([each.colour for each in CLASSES], np.uint8)
    return palette[canvas.labels], canvas.photo()
