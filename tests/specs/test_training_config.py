"""A run's settings as one flat file: nothing lost, and a person's spelling understood or corrected."""

import dataclasses
import types
from typing import Literal, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pixlate.errors import ConfigError
from pixlate.specs.data import DataConfig
from pixlate.specs.document import from_yaml, to_yaml
from pixlate.specs.learning import LearningConfig
from pixlate.specs.methods.table import METHODS
from pixlate.specs.networks import NetworksConfig
from pixlate.specs.training import MAY_CHANGE, LoopConfig, TrainConfig, from_flat, to_flat


def values_of(kind):
    if get_origin(kind) in (Union, types.UnionType):
        return st.one_of([values_of(member) for member in get_args(kind)])
    if get_origin(kind) is tuple:
        return st.lists(values_of(get_args(kind)[0]), max_size=3).map(tuple)
    if get_origin(kind) is Literal:
        return st.sampled_from(get_args(kind))
    if kind is str:
        return st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")))
    return st.floats(allow_nan=False) if kind is float else st.from_type(kind)


def any_of(cls):
    hints = get_type_hints(cls)
    kinds = {field.name: hints[field.name] for field in dataclasses.fields(cls)}
    return st.fixed_dictionaries({name: values_of(kind) for name, kind in kinds.items()}).map(lambda said: cls(**said))


PARTS = (DataConfig, LoopConfig, NetworksConfig, LearningConfig)
configs = st.one_of(
    st.builds(TrainConfig, any_of(DataConfig), any_of(method), *map(any_of, PARTS[1:])) for method in METHODS.values()
)


def read(text):
    return from_flat(from_yaml(text, "run.yaml"), "run.yaml")


def refusal(text):
    with pytest.raises(ConfigError) as caught:
        read(text)
    assert str(caught.value).startswith("run.yaml")
    return str(caught.value)


@given(configs)
@settings(max_examples=40, deadline=None)
def test_what_config_yaml_holds_is_the_config(config):
    assert read(to_yaml(to_flat(config))) == config


def test_no_two_parts_share_a_setting_s_name():
    for method in METHODS.values():
        names = ["method", *(field.name for cls in (*PARTS, method) for field in dataclasses.fields(cls))]
        assert len(names) == len(set(names)) == len(to_flat(TrainConfig(method=method())))


def test_settings_that_may_change_on_resume_exist():
    known = {key for method in METHODS.values() for key in to_flat(TrainConfig(method=method()))}
    assert known >= MAY_CHANGE


def test_nothing_said_means_the_paper_s_defaults():
    config = read("")
    assert config == TrainConfig()
    assert (config.method.lambda_l1, config.learning.lr, config.learning.beta1, config.loop.batch_size) == (
        100,
        2e-4,
        0.5,
        1,
    )


def test_dashes_and_underscores_mean_the_same():
    assert read("batch-size: 4\nload_size: 300\nlambda-l1: 10") == read(
        "batch_size: 4\nload-size: 300\nlambda_l1: 10.0"
    )
    assert read("batch-size: 4").loop.batch_size == 4


def test_a_size_may_be_a_number_or_text():
    assert read("size: 256\nload-size: 286").data == DataConfig(size="256", load_size="286")
    assert read("size: 192x256").data.size == "192x256"


def test_a_rate_like_2e_4_is_a_number():
    assert read("lr: 2e-4").learning.lr == 2e-4
    assert read("lr: 1").learning.lr == 1.0


@pytest.mark.parametrize("said", ["32", "16", "'32'", "'16'", "bf16"])
def test_a_precision_is_understood_as_the_documentation_spells_it(said):
    assert read(f"precision: {said}").loop.precision == said.strip("'")


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("batchsize: 2", "batch_size"),
        ("epoch: 2", "epochs"),
        ("load-sise: 9", "load_size"),
        ("directions: AtoB", "direction"),
    ],
)
def test_a_misspelt_setting_is_answered_with_the_right_one(said, meant):
    assert f"Did you mean '{meant}'?" in refusal(said)


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ("objective: L1+CGAN", "objective"),
        ("direction: A2B", "direction"),
        ("epochs: many", "epochs"),
        ("epochs: 2.5", "epochs"),
        ("epochs: true", "epochs"),
        ("batch_size: null", "batch_size"),
        ("mirror: 1", "mirror"),
        ("lr: fast", "lr"),
        ("size: [256, 256]", "size"),
        ("source_channels: four", "source_channels"),
        ("data: [a, b]", "data"),
        ("method: {lr: 1}", "method"),
    ],
)
def test_a_value_of_the_wrong_kind_is_named(said, named):
    assert named in refusal(said)


@pytest.mark.parametrize("said", ["source_channels: true", "target_channels: 3.0"])
def test_channels_are_whole_numbers(said):
    refusal(said)


@pytest.mark.parametrize("text", ["just words", "- a\n- b", "3"])
def test_what_is_no_list_of_settings_is_refused(text):
    assert "setting: value" in refusal(text)


def test_the_same_setting_in_two_spellings_is_refused():
    refusal("batch-size: 2\nbatch_size: 3")
