"""Dataclasses as plain documents: there and back, and a mistake answered with its place and its mending."""

import json
from dataclasses import dataclass, field
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pixlate.errors import ConfigError
from pixlate.specs.document import from_document, from_yaml, to_document, to_yaml


@dataclass(frozen=True)
class Inner:
    share: float = 0.5
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outer:
    count: int
    inner: Inner = field(default_factory=Inner)
    colour: Literal["red", "green"] = "red"
    limit: int | None = None
    rate: float | None = None
    on: bool = True
    scores: dict[str, float] = field(default_factory=dict)


numbers = st.floats(allow_nan=False)
words = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), max_size=6)
inners = st.builds(Inner, numbers, st.lists(words, max_size=3).map(tuple))
outers = st.builds(
    Outer,
    st.integers(),
    inners,
    st.sampled_from(["red", "green"]),
    st.none() | st.integers(),
    st.none() | numbers,
    st.booleans(),
    st.dictionaries(words, numbers, max_size=3),
)


def refusal(document, cls=Outer):
    with pytest.raises(ConfigError) as caught:
        from_document(cls, document, "run.yaml")
    told = str(caught.value)
    assert told.startswith("run.yaml")
    return told


@given(outers)
@settings(max_examples=60, deadline=None)
def test_through_json_and_yaml_and_back_it_is_the_same(outer):
    document = to_document(outer)
    assert from_document(Outer, json.loads(json.dumps(document)), "x") == outer
    assert from_document(Outer, from_yaml(to_yaml(document), "x"), "x") == outer


@pytest.mark.parametrize("text", ["\x85", "a\x85b"])
def test_odd_line_breaks_of_unicode_survive_yaml(text):
    assert from_yaml(to_yaml({"name": text}), "x") == {"name": text}


def test_a_document_is_plain():
    document = to_document(Outer(1, Inner(names=("a", "b"))))
    assert document["inner"] == {"share": 0.5, "names": ["a", "b"]}
    assert type(document["inner"]["names"]) is list


def test_yaml_keeps_the_order_of_the_settings_and_their_letters():
    text = to_yaml({"zebra": "façade", "apple": 1})
    assert text == "zebra: façade\napple: 1\n"


def test_defaults_fill_what_is_left_out():
    assert from_document(Outer, {"count": 3}, "x") == Outer(3)
    assert from_document(Outer, {"count": 3, "inner": {"share": 1}}, "x") == Outer(3, Inner(1.0))


def test_an_unknown_setting_is_named_with_the_nearest_known_one():
    assert "unknown setting 'colours'. Did you mean 'colour'?" in refusal({"count": 1, "colours": "red"})
    assert "Did you mean" not in refusal({"count": 1, "qqqqq": 1})


def test_a_mistake_inside_is_named_with_its_place():
    assert refusal({"count": 1, "inner": {"share": "a lot"}}).startswith("run.yaml: inner: share is 'a lot'")
    assert "unknown setting 'shares'" in refusal({"count": 1, "inner": {"shares": 1}})
    assert "psnr" in refusal({"count": 1, "scores": {"psnr": "high"}})


def test_a_missing_setting_is_named():
    assert "'count' is missing" in refusal({})


def test_a_choice_that_does_not_exist_is_answered_with_those_that_do():
    told = refusal({"count": 1, "colour": "gren"})
    assert "choose from red, green" in told
    assert "Did you mean 'green'?" in told


@pytest.mark.parametrize(
    "settings_",
    [
        {"count": "3"},
        {"count": 2.5},
        {"count": True},
        {"count": None},
        {"count": [1]},
        {"count": 1, "on": 1},
        {"count": 1, "on": "yes"},
        {"count": 1, "on": None},
        {"count": 1, "rate": "fast"},
        {"count": 1, "rate": True},
        {"count": 1, "limit": "none"},
        {"count": 1, "inner": 5},
        {"count": 1, "inner": None},
        {"count": 1, "inner": {"names": "abc"}},
        {"count": 1, "inner": {"names": [1.5]}},
        {"count": 1, "scores": [1]},
        {"count": 1, "colour": None},
        {"count": 1, "colour": 1},
    ],
    ids=str,
)
def test_a_value_of_the_wrong_kind_is_refused(settings_):
    refusal(settings_)


@pytest.mark.parametrize("document", [None, [], "count: 1", 3, [("count", 1)]], ids=str)
def test_what_is_no_mapping_is_refused(document):
    assert "expected settings" in refusal(document)


def test_whole_numbers_and_text_like_2e_4_pass_for_fractions():
    assert from_document(Inner, {"share": 1}, "x").share == 1.0
    assert from_document(Inner, from_yaml("share: 2e-4", "x"), "x").share == 2e-4
    assert type(from_document(Inner, {"share": 1}, "x").share) is float


@pytest.mark.parametrize("value", [True, 1.0], ids=str)
def test_a_choice_of_numbers_takes_whole_numbers_only(value):
    @dataclass(frozen=True)
    class Depth:
        channels: Literal[1, 3] = 3

    assert "channels" in refusal({"channels": value}, Depth)


@pytest.mark.parametrize("text", ["{a: [", "a: b: c", "\ta: 1", "a: !!python/object:os.system x", "*nowhere", "\0"])
def test_what_is_no_yaml_is_refused_in_one_line(text):
    with pytest.raises(ConfigError, match="cannot be read as YAML") as caught:
        from_yaml(text, "run.yaml")
    assert str(caught.value).startswith("run.yaml")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text", ["data: 2024-13-45", "seed: 1" + "0" * 5000], ids=["a date there never was", "a number without end"]
)
def test_a_scalar_that_yaml_chokes_on_is_refused(text):
    with pytest.raises(ConfigError):
        from_yaml(text, "run.yaml")


def test_a_number_too_large_for_a_fraction_is_refused():
    refusal({"share": 10**400}, Inner)


def test_an_empty_file_is_no_settings():
    for text in ("", "# nothing yet\n", "---\n"):
        assert from_yaml(text, "x") == {}


@pytest.mark.parametrize("text", ["0", "false", "[]", "''"])
def test_an_empty_value_is_not_an_empty_file(text):
    with pytest.raises(ConfigError):
        from_document(Inner, from_yaml(text, "x"), "x")
