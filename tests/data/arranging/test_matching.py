"""Matching names and times: what is alike goes together, and between two nothing is guessed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixlate.data.arranging.matching import by_key, by_time, keyed, loose_keys, stem


def loosely(a, b):
    keys_a, keys_b = loose_keys(a, b)
    matched = by_key(keys_a, keys_b)
    return sorted(matched.pairs), matched.ambiguous


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("img_{:03d}_rgb.png", "img_{:03d}_ir.png"),
        ("img_{:03d}_A.png", "img_{:03d}_B.jpg"),
        ("{:d}.png", "{:05d}.png"),
        ("IMG{:04d}.JPG", "img{:04d}.png"),
        ("IMG{:04d}RGB.png", "FLIR_{:d}.png"),
        ("cam1_{:d}.png", "cam2_{:d}.png"),
        ("photo ({:d}).jpg", "label ({:d}).png"),
        ("{:d}.png", "{:d}_mask.png"),
        ("left-{:04d}-x.png", "{:04d}_x_right.png"),
        ("day{:d}/vis/1.png", "day{:d}/ir/1.png"),
    ],
)
def test_names_that_differ_in_the_usual_ways_are_matched(a, b):
    numbers = [1, 2, 9, 10, 11, 12, 19, 20, 101]
    pairs, ambiguous = loosely([a.format(i) for i in numbers], [b.format(i) for i in [*numbers, 30]])
    assert pairs == sorted((a.format(i), b.format(i)) for i in numbers)
    assert ambiguous == []


def test_a_number_that_all_names_of_one_folder_share_is_no_affix():
    pairs, ambiguous = loosely(["img_1_2.png", "img_1_3.png"], ["img_2.png", "img_3.png"])
    assert (pairs, ambiguous) == ([], [])


def test_a_prefix_that_numbers_share_is_not_cut_off():
    a, b = [f"img_1{i}.png" for i in range(10)], [f"pic_{i}.png" for i in range(25)]
    assert loosely(a, b)[0] == [(f"img_1{i}.png", f"pic_1{i}.png") for i in range(10)]


def test_a_word_that_the_other_folder_has_too_is_kept():
    pairs, _ = loosely(["day1_rgb_1.png", "day1_rgb_2.png"], ["day1_ir_1.png", "day2_ir_1.png", "day2_ir_2.png"])
    assert pairs == [("day1_rgb_1.png", "day1_ir_1.png")]


def test_a_stray_file_does_not_hide_an_affix():
    a = [f"{i}_rgb.png" for i in range(20)]
    pairs, _ = loosely([*a, "colour chart.png"], [f"{i}_ir.png" for i in range(20)])
    assert len(pairs) == 20


def test_two_that_fit_alike_are_not_chosen_between():
    pairs, ambiguous = loosely(["1.png", "2.png"], ["01.png", "001.png", "02.png"])
    assert pairs == [("2.png", "02.png")]
    assert ambiguous == [(("1.png",), ("01.png", "001.png"))]
    assert by_key(keyed(["x.png", "x.jpg"], stem), keyed(["x.png"], stem)).pairs == []


@given(st.lists(st.from_regex(r"[a-cA-C0-9_.-]{1,6}\.png", fullmatch=True), unique=True, max_size=12), st.randoms())
def test_every_name_is_in_one_pair_at_most_and_order_decides_nothing(names, random):
    a, b = names[::2], names[1::2]
    pairs, _ = loosely(a, b)
    assert len({x for x, _ in pairs}) == len({y for _, y in pairs}) == len(pairs)
    shuffled = random.sample(a, len(a)), random.sample(b, len(b))
    assert loosely(*shuffled)[0] == pairs


def test_times_match_the_nearest_each_way():
    a, b = {"a1": 0.0, "a2": 10.0, "a3": 30.0}, {"b1": 0.4, "b2": 10.3, "b3": 10.6, "b4": 33.0}
    matched = by_time(a, b, 1)
    assert sorted(matched.pairs) == [("a1", "b1"), ("a2", "b2")]
    assert by_time(a, b, 3).pairs[-1] == ("a3", "b4")
    assert by_time(a, {}, 3).pairs == []


def test_two_as_near_in_time_are_not_chosen_between():
    matched = by_time({"a": 5.0}, {"b1": 4.0, "b2": 6.0}, 2)
    assert matched.pairs == []
    assert matched.ambiguous == [(("a",), ("b1", "b2"))]
    assert by_time({"a1": 4.0, "a2": 6.0}, {"b": 5.0}, 2).pairs == []
