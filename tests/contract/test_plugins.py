"""A plugin is a file: what every file of a folder must give."""

from __future__ import annotations

import inspect
import re
from contextlib import nullcontext
from itertools import product
from pathlib import Path
from typing import get_args

import click
import pytest
import torch
from torch import nn

from lightbench import devices, engines, registry
from lightbench.cli.commands import profile
from lightbench.devices import Device
from lightbench.devices.support.options import device_options
from lightbench.engines import Converted
from lightbench.errors import DeviceUnavailable, MissingPackage, UnknownName
from lightbench.graphs import CELL
from lightbench.models import sources
from lightbench.models.inputs import make_inputs
from lightbench.records import Dtype, InputSpec
from lightbench.records.arguments import tensors_in
from lightbench.runner.conversion.converted import packages_of
from lightbench.studies.sweep.plan import Sweep
from lightbench.timing.clock import Reading

ROOT = Path(__file__).parents[2]
SLOW_TO_LOAD = {("engine", "aoti")}  # PyTorch's compiler
PLUGINS = [
    pytest.param(kind, name, marks=[pytest.mark.slow] * ((kind, name) in SLOW_TO_LOAD))
    for kind in registry.KINDS
    for name in registry.names(kind)
]
# `sources` finds models; the families are the other files of its folder.
FAMILIES = registry.names("model family")
VARIANTS = sources.own_names()


def takes(function, *names):
    return list(inspect.signature(function).parameters) == [*names]


# Every plugin.


def test_each_folder_has_the_plugins_that_lie_in_it():
    for kind, (_, patterns) in registry.KINDS.items():
        for pattern in patterns:
            files = [file for file in registry.PACKAGE.glob(pattern) if file.stem[0] != "_"]
            assert files
            assert {registry.file(kind, name) for name in registry.names(kind)} >= set(files)


@pytest.mark.parametrize(("kind", "name"), PLUGINS)
def test_its_docstring_begins_with_one_short_line_that_lists_show(kind, name):
    line = registry.summary(kind, name)
    assert line == (registry.load(kind, name).__doc__ or "").split("\n")[0]
    assert 10 <= len(line) <= 100
    assert line.endswith((".", ":", ")"))


@pytest.mark.parametrize("kind", registry.KINDS)
def test_a_name_that_is_not_there_suggests_the_nearest(kind):
    name = registry.names(kind)[0]
    with pytest.raises(UnknownName, match=name):
        registry.load(kind, name[:-1])


# Devices.


@pytest.mark.parametrize("name", registry.names("device"))
def test_a_device_has_what_the_profiler_asks_of_it(name):
    device = devices.find(name)
    assert isinstance(device, Device)
    assert device.torch_device.partition(":")[0] in (name, "cpu", "meta")
    assert isinstance(device.known, tuple)


@pytest.mark.parametrize("name", registry.names("device"))
def test_options_of_a_device_are_told_without_importing_it(name):
    told = device_options()
    assert set(devices.find(name).known) <= set(told)
    for option, about in (registry.literal("device", name, "OPTIONS") or {}).items():
        assert option in devices.find(name).known
        assert told[option] == about
        assert about.endswith(".")


def test_options_of_devices_are_no_options_of_the_command_that_has_them():
    flags = [flag for option in profile.command.params for flag in option.opts]
    assert len(flags) == len(set(flags))
    assert {f"--{option}" for option in device_options()} < set(flags)


@pytest.mark.parametrize("name", registry.names("device"))
def test_a_device_that_is_there_runs_a_call_in_its_context_and_says_how_long_it_took(name):
    device = devices.find(name)
    if reason := device.unavailable():
        assert isinstance(reason, DeviceUnavailable)
        assert reason.message.endswith(".")
        assert reason.hint.endswith(".")
        pytest.skip(reason.message)
    log = []

    class Context:
        def __enter__(self):
            log.append("in")

        def __exit__(self, *_):
            log.append("out")

    with device.session(threads=1) as active:
        assert active == 1
        reading = device.step(lambda: log.append("call"), Context)(3)
        peak = device.peak_memory(lambda: torch.ones(1000), nullcontext)
    assert isinstance(reading, Reading)
    assert reading.wall_s > 0
    assert log in ([], ["in", "call", "call", "call", "out"])
    assert peak is None or peak >= 4000
    free = device.free_memory()
    assert free is None or free > 0


@pytest.mark.parametrize("name", registry.names("device"))
def test_a_device_leaves_the_thread_count_as_it_was_also_after_an_exception(name):
    device = devices.find(name)
    if device.unavailable():
        pytest.skip("not here")
    before = torch.get_num_threads()
    with pytest.raises(KeyError), device.session(threads=before + 1):
        raise KeyError
    assert torch.get_num_threads() == before


# Engines.


@pytest.mark.slow
@pytest.mark.parametrize("name", registry.names("engine"))
@pytest.mark.parametrize("mode", ["infer", "train"])
def test_an_engine_makes_a_program_that_can_be_called_again_and_again(name, mode, request):
    if name in ("compile", "aoti"):
        request.getfixturevalue("compiler")
    engine = registry.load("engine", name)
    network, inputs = nn.Linear(3, 2), (torch.ones(1, 3),)  # some know no batch
    expected = network(*inputs).detach()
    if hasattr(engine, "prepare"):
        program = engine.prepare(network, inputs, mode=mode)
    elif mode == "train":
        pytest.skip("it runs no PyTorch, and trains nothing")
    else:
        try:
            packages_of(engine)
        except MissingPackage as error:
            pytest.skip(error.message)
        if CELL in getattr(engine, "READS", ()):
            pytest.skip("it runs networks of MindSpore's, and none of PyTorch's")
        made = engine.convert(network, inputs, {})
        model = made.model if isinstance(made, Converted) else made
        program = engine.load(model, inputs, threads=1)
    assert callable(program.call)
    for _ in range(2):
        with program.context():
            output = program.call()
    if mode == "infer":
        (answer,) = tensors_in(output)
        torch.testing.assert_close(answer, expected)
        assert not answer.requires_grad
    assert network.training is (mode == "train")
    if not hasattr(engine, "prepare"):
        assert set(engine.DTYPES) <= set(get_args(Dtype))


def test_what_an_engine_is_can_be_told_without_importing_it():
    for name in registry.names("engine"):
        engine = registry.load("engine", name)
        assert engines.runs_no_pytorch(name) == hasattr(engine, "load")
        assert engines.tells_times(name) == hasattr(engine, "profile")
        if hasattr(engine, "profile"):
            asked = inspect.signature(engine.profile).parameters
            assert list(asked)[:2] == ["model", "inputs"]
            assert {"threads", "calls"} <= asked.keys()
    assert not engines.runs_no_pytorch("one that is not there")


# Data sets: what they read is in tests/datasets.


@pytest.mark.parametrize("name", registry.names("data set"))
def test_a_data_set_says_what_its_images_are_like(name):
    plugin = registry.load("data set", name)
    assert takes(plugin.split, "place", "train")
    assert len(plugin.MEAN) in (1, 3)
    assert len(plugin.MEAN) == len(plugin.STD)
    assert all(0 < value < 1 for value in (*plugin.MEAN, *plugin.STD))
    assert plugin.SIDE is None or plugin.SIDE > 0
    assert plugin.MIRRORED in (True, False)


# Lint rules.


@pytest.mark.parametrize("name", registry.names("lint rule"))
def test_a_lint_rule_says_for_which_engines_it_holds(name):
    said = registry.literal("lint rule", name, "ENGINES")
    assert said
    assert set(said) <= {"eager", "fused"}
    assert registry.literal("lint rule", name, "GUIDELINE")


# Formats and figures: what they do is in test_exporters*.py and test_plots*.py.


@pytest.mark.parametrize("name", registry.names("format"))
def test_a_format_has_suffixes_and_render(name):
    form = registry.load("format", name)
    assert form.SUFFIXES
    assert all(suffix.startswith(".") and suffix == suffix.lower() for suffix in form.SUFFIXES)
    assert takes(form.render, "view", "width", "colour")


def test_no_two_formats_claim_a_suffix():
    suffixes = [s for n in registry.names("format") for s in registry.load("format", n).SUFFIXES]
    assert len(suffixes) == len(set(suffixes))


@pytest.mark.parametrize("name", registry.names("figure"))
def test_a_figure_can_be_drawn(name):
    assert "records" in inspect.signature(registry.load("figure", name).draw).parameters


# Guidelines.


@pytest.mark.parametrize("name", registry.names("guideline"))
def test_a_guideline_says_what_it_claims_and_what_its_rows_are(name):
    guideline = registry.load("guideline", name)
    assert guideline.CLAIM[0].isupper()
    assert not guideline.CLAIM.endswith((".", "?"))  # it is a sentence, and a question in titles
    assert guideline.ROW
    assert guideline.CHANNELS
    assert set(guideline.STRONGEST) == set(guideline.CHANNELS)
    assert all(set_ == set_.partition(" ")[0] for set_ in guideline.CHANNELS)


@pytest.mark.parametrize("name", registry.names("guideline"))
def test_a_guideline_is_a_sweep_for_every_set_of_channels_and_width(name):
    guideline = registry.load("guideline", name)
    assert takes(guideline.sweep, "channels", "width", *getattr(guideline, "OPTIONS", ()))
    for channels, width in product(guideline.CHANNELS, (1, 2, 4)):
        sweep = guideline.sweep(channels, width)
        assert isinstance(sweep, Sweep)
        assert (sweep.experiment, sweep.channels, sweep.width) == (name, channels, width)
        labels = [point.label for point in sweep.points]
        assert labels.count(sweep.reference) == 1
        assert guideline.STRONGEST[channels] in labels
        assert guideline.STRONGEST[channels] != sweep.reference
        assert sweep.equal_madds is not None or sweep.per_madd
        for point in sweep.points:
            assert sources.find(point.model).inputs


@pytest.mark.parametrize("name", registry.names("guideline"))
def test_options_of_a_guideline_have_their_default_first_and_make_another_set_of_channels(name):
    guideline = registry.load("guideline", name)
    parameters = inspect.signature(guideline.sweep).parameters
    for option, values in getattr(guideline, "OPTIONS", {}).items():
        assert values[0] == parameters[option].default
        channels = next(iter(guideline.CHANNELS))
        sets = [guideline.sweep(channels, 1, **{option: value}).channels for value in values]
        assert sets[0] == channels
        assert len(set(sets)) == len(values)
        assert all(set_.startswith(channels) for set_ in sets)


def test_a_bound_is_a_number_of_elements_for_the_settings_of_any_point():
    bounded = [n for n in registry.names("guideline") if hasattr(registry.load("guideline", n), "bound")]  # fmt: skip
    assert bounded
    for name in bounded:
        guideline = registry.load("guideline", name)
        for point in guideline.sweep(next(iter(guideline.CHANNELS)), 1).points:
            assert guideline.bound(point.settings, 1) > 0


# Commands.


@pytest.mark.parametrize("name", registry.names("command"))
def test_a_command_is_a_click_command_of_that_name(name):
    command = registry.load("command", name).command
    assert isinstance(command, click.Command)
    assert command.name == name.replace("_", "-")
    assert command.help


# Model families.


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_has_variants_that_can_be_read_without_importing_it(family):
    module = registry.load("model family", family)
    variants = registry.literal("model family", family, "VARIANTS")
    assert variants == module.VARIANTS
    assert variants
    inputs = registry.literal("model family", family, "INPUTS") or {}
    assert set(inputs) <= set(variants)
    parameters = inspect.signature(module.build).parameters
    for settings in variants.values():
        inspect.signature(module.build).bind(**settings)
    assert all(p.kind is p.KEYWORD_ONLY for p in parameters.values())


def test_no_two_families_have_a_variant_of_the_same_name():
    listed = [v for f in FAMILIES for v in registry.literal("model family", f, "VARIANTS")]
    assert len(listed) == len(set(listed))
    assert set(listed) == set(VARIANTS)


@pytest.mark.slow
@pytest.mark.parametrize("name", VARIANTS)
def test_every_variant_is_built_without_weights_and_runs_on_its_own_input(name):
    source = sources.find(name)
    assert all(isinstance(spec, InputSpec) for spec in source.inputs)
    with torch.device("meta"):
        network = source.build()
    assert all(parameter.is_meta for parameter in network.parameters())
    with torch.no_grad():
        output = network.eval()(*make_inputs(source.inputs, batch=2, device="meta"))
    assert output.shape[0] == 2


def test_every_kind_of_plugin_and_its_folder_is_told():
    page = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
    named = re.findall(r"`lightbench/([\w/*]+\.py)`", page)
    assert set(named) == {place for kind in registry.KINDS.values() for place in kind.files}
    groups = re.findall(r"`(lightbench\.\w+)` \|$", page, re.MULTILINE)
    assert groups == [kind.group for kind in registry.KINDS.values()]
