"""What pictures are: kinds and ranges that hold together, and sentences for those that do not."""

import pytest

from pixlate.errors import ConfigError
from pixlate.specs.pictures import Kind, Range, parse_colour, parse_range


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("uint8", Range(0, 255)),
        ("uint16", Range(0, 65535)),
        ("0,4095", Range(0, 4095)),
        (" -1.5 , 2e3 ", Range(-1.5, 2000)),
        ("p1,p99", Range(1, 99, percentiles=True)),
        ("P0,P100", Range(0, 100, percentiles=True)),
    ],
)
def test_a_range_is_what_its_words_say(text, meant):
    assert parse_range(text, "--source-range") == meant


@pytest.mark.parametrize(
    "text", ["", "5", "1,2,3", "p1,99", "a,b", "5,5", "9,1", "nan,1", "0,inf", "p-1,p50", "p1,p101", "float32", ","]
)
def test_other_words_are_refused_with_their_option(text):
    with pytest.raises(ConfigError, match=r"^--source-range is") as caught:
        parse_range(text, "--source-range")
    assert "\n" not in str(caught.value)


def test_colours():
    assert parse_colour("White") == (255, 255, 255)
    assert parse_colour("#00ff7F") == (0, 255, 127)
    for text in ("", "#00ff7", "blue", "#00ff7g", "0,0,0"):
        with pytest.raises(ConfigError, match="white, grey, black"):
            parse_colour(text)


@pytest.mark.parametrize(
    "settings",
    [
        {"channels": 0},
        {"channels": 3, "low": (0.0, 0.0)},
        {"low": (1.0,), "high": (1.0,)},
        {"high": (float("inf"),)},
        {"space": "classes"},
        {"classes": ((0, 0, 0),)},
        {"space": "classes", "classes": ((0, 0),)},
    ],
)
def test_kinds_that_do_not_hold_together_are_refused(settings):
    with pytest.raises(ConfigError):
        Kind(**settings)


def test_planes_and_scale():
    assert [Kind(5).planes, Kind(space="lightness").planes, Kind(space="ab").planes] == [5, 1, 2]
    assert Kind(1, space="classes", classes=((0,), (7,), (9,))).planes == 3
    assert Kind().full_scale
    assert Kind(1, "uint16", (0.0,), (65535.0,)).full_scale
    assert not Kind(1, "uint16").full_scale
    assert not Kind(1, "float32", (0.0,), (255.0,)).full_scale
    assert str(Kind(1, "uint16", (0.0,), (4095.0,))) == "1 × uint16, 0 … 4095"


def test_a_range_for_each_channel_is_checked_for_each():
    with pytest.raises(ConfigError, match="holds nothing"):
        Kind(low=(0.0,), high=(9.0, 9.0, -1.0))
