"""Names of devices as users write them, and what every device has in common."""

from __future__ import annotations

import types

import pytest
import torch

from lightbench import devices, registry
from lightbench.devices import cuda, find, named, one
from lightbench.devices.support.base import Device
from lightbench.devices.support.quirks import Quirks, beyond
from lightbench.errors import DeviceUnavailable, UnknownName, UsageError

ACCELERATORS = ("cuda", "mps", "npu", "xpu")


# names


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("cpu", ["cpu"]),
        ("null", ["null"]),
        ("npu", ["npu:0"]),
        ("npu:5", ["npu:5"]),
        ("npu:007", ["npu:7"]),
        ("npu:9999", ["npu:9999"]),
        ("npu:0,1", ["npu:0", "npu:1"]),
        ("npu,1", ["npu:0", "npu:1"]),
        ("npu:0,1,cuda:2,3", ["npu:0", "npu:1", "cuda:2", "cuda:3"]),
        ("cuda:1,cpu", ["cuda:1", "cpu"]),
        (" npu:0 ,\t1, cpu ", ["npu:0", "npu:1", "cpu"]),
        ("npu,npu:0,cpu,0,cpu", None),
        ("npu,npu:0,npu:00,cpu,cpu", ["npu:0", "cpu"]),
        ("npu:1,0,1", ["npu:1", "npu:0"]),
        ("CPU", ["cpu"]),
        ("CUDA:1,NPU", ["cuda:1", "npu:0"]),
        ("ascend", ["npu:0"]),
        ("Ascend:1,2", ["npu:1", "npu:2"]),
        ("Ascend910B3", ["npu:0"]),  # as npu-smi calls the chip
        ("ascend310p:3", ["npu:3"]),
    ],
)
def test_what_a_user_writes_is_a_list_of_devices_each_once(text, names):
    if names is None:  # a number after a device that has none
        with pytest.raises(UsageError, match="there is only one cpu"):
            named(text)
    else:
        assert named(text) == names


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        ",",
        "npu:",
        "npu:x",
        "npu:-1",
        "npu:+1",
        "npu:1.5",
        "npu:1:2",
        "npu: 1",
        ":1",
        ":",
        "1",
        "0,npu",
        "npu,",
        ",npu",
        "npu:0,,1",
        "npu:99999",
        "npu:1_0",
        "n pu",
        "npu\x00:1",
        "npu:\u0663",  # ARABIC-INDIC DIGIT THREE
        "npu:\uff13",  # FULLWIDTH DIGIT THREE
        "npu:\u00b2",  # SUPERSCRIPT TWO
        "\u0663",
        "npu,\u0663",
    ],
)
def test_what_is_no_device_is_refused_with_a_way_forward(text):
    with pytest.raises(UsageError) as raised:
        named(text)
    assert raised.value.hint
    assert raised.value.exit_code == 2


@pytest.mark.parametrize("text", ["1", "0,npu", "npu:x", ""])
def test_what_cannot_be_read_is_told_with_examples(text):
    with pytest.raises(UsageError, match="cannot read the device") as raised:
        named(text)
    assert raised.value.hint == "Write it as cpu, npu, npu:1 or npu:0,1."


@pytest.mark.parametrize(
    "text", ["../x", "_device", "ascend9x", "__init__", "ascends", "auto:1", "npu,auto", "cpu/x"]
)
def test_a_name_that_is_no_plugin_is_unknown(text):
    with pytest.raises(UnknownName, match="no device is called"):
        named(text)


@pytest.mark.parametrize("text", ["cpu:0", "cpu:1", "null:0", "cpu,0"])
def test_a_device_of_which_there_is_one_has_no_number(text):
    with pytest.raises(UsageError, match="has no number") as raised:
        named(text)
    assert raised.value.hint.startswith("Try --device ")


def test_every_name_that_is_given_is_found_again():
    for kind in registry.names("device"):
        (name,) = named(kind)
        assert named(name) == [name]
        assert find(name).torch_device


def test_one_device_is_one_device():
    assert one("npu:3") == "npu:3"
    assert one("npu,npu:0") == "npu:0"
    with pytest.raises(UsageError, match="takes one device") as raised:
        one("npu:4,5")
    assert raised.value.hint.endswith("--device npu:4")


# auto


@pytest.fixture
def usable(monkeypatch):
    """Only these can be used. Gives the list of what was asked."""
    asked = []

    def only(*names):
        class Fake:
            known = ()

            def __init__(self, name):
                self.name = name

            def unavailable(self):
                asked.append(self.name)
                return None if self.name in names else DeviceUnavailable("it is off.")

        monkeypatch.setattr(devices, "find", Fake)
        return asked

    return only


@pytest.mark.parametrize(
    ("there", "chosen"),
    [
        (["cuda:0", "npu:0", "xpu:0", "mps:0", "cpu"], "cuda:0"),
        (["cpu", "mps:0", "xpu:0", "npu:0"], "npu:0"),
        (["cpu", "mps:0", "xpu:0"], "xpu:0"),
        (["cpu", "mps:0"], "mps:0"),
        (["cpu"], "cpu"),
        ([], "cpu"),
        (["null"], "cpu"),
    ],
)
def test_auto_is_the_first_that_can_be_used(usable, there, chosen):
    asked = usable(*there)
    assert devices.automatic() == chosen
    order = ["cuda:0", "npu:0", "xpu:0", "mps:0", "cpu"]
    assert asked == order[: order.index(chosen) + 1]  # and no further
    assert named("auto") == [chosen]
    assert one("auto") == chosen


def test_on_a_machine_with_a_processor_only_auto_is_the_processor():
    if torch.accelerator.is_available():
        pytest.skip("there is an accelerator here")
    assert named("auto") == ["cpu"]


@pytest.mark.parametrize(
    ("there", "chosen"),
    [
        (["cuda", "xpu", "mps"], "cuda:1"),
        (["mps", "xpu"], "xpu:1"),
        (["mps"], "mps:1"),
        (["npu", "cpu"], "cuda:1"),  # which says then that there is none
    ],
)
def test_a_gpu_is_the_first_kind_of_them_that_can_be_used(usable, there, chosen):
    usable(*there)
    assert named("gpu:1") == named("GPU:1") == [chosen]


# options


def test_a_device_is_found_by_kind_number_and_options():
    device = find("npu:3", ("h2d", "cold-cache"))
    assert device.torch_device == "npu:3"
    assert device.options == ("h2d", "cold-cache")
    assert find("npu").torch_device == "npu:0"


def test_options_of_an_accelerator_are_those_of_all_and_its_own():
    assert find("npu").known == ("graph", "cold-cache", "h2d", "energy", "npu-jit")
    assert find("cuda").known == ("graph", "cold-cache", "h2d", "energy")
    assert find("mps").known == ("cold-cache", "h2d", "energy")
    assert find("cpu").known == ("flush-denormal", "crosscheck", "memory", "energy")
    assert find("null").known == ()


@pytest.mark.parametrize(
    ("name", "options", "said", "hint"),
    [
        ("cpu", ["graph"], "cpu has no option 'graph'", "Known: flush-denormal, crosscheck, memory, energy."),
        ("cuda:1", ["npu-jit"], "cuda has no option 'npu-jit'", "Known: graph, cold-cache, h2d, energy."),
        ("mps", ["graph"], "mps has no option 'graph'", "Known: cold-cache"),
        ("npu", ["h2d", "warp"], "npu has no option 'warp'", "npu-jit."),
        ("npu", [""], "npu has no option ''", "Known: "),
    ],
)  # fmt: skip
def test_an_option_that_a_device_has_not_is_refused_with_those_it_has(name, options, said, hint):
    with pytest.raises(UsageError) as raised:
        find(name, options)
    assert said in raised.value.message
    assert hint in raised.value.hint


@pytest.mark.parametrize("options", [("graph", "h2d"), ("h2d", "cold-cache", "graph")])
def test_a_graph_has_no_transfers(options):
    with pytest.raises(UsageError, match="no transfers"):
        find("cuda", options)


# what is not here


@pytest.mark.parametrize("kind", ACCELERATORS)
def test_an_accelerator_that_is_not_here_says_why_and_what_to_do(kind):
    device = find(f"{kind}:0")
    if registry.load("device", kind).count():
        pytest.skip(f"there is {kind} here")
    reason = device.unavailable()
    assert isinstance(reason, DeviceUnavailable)
    assert reason.exit_code == 4
    assert kind in reason.message.lower()
    assert reason.message.endswith(".")
    assert reason.hint.endswith(".")
    assert "\n" not in reason.message + reason.hint


def test_a_torch_that_is_built_without_a_device_says_so(monkeypatch):
    monkeypatch.setattr(
        torch.accelerator, "current_accelerator", lambda check_available=False: None
    )
    for kind in ("cuda", "mps", "xpu"):
        assert (
            f"PyTorch {torch.__version__} is built without it" in find(kind).unavailable().message
        )


def test_a_torch_that_has_the_device_and_finds_none_says_so(monkeypatch):
    built = torch.device("xpu")
    monkeypatch.setattr(
        torch.accelerator,
        "current_accelerator",
        lambda check_available=False: None if check_available else built,
    )
    assert "PyTorch finds none" in find("xpu").unavailable().message


def test_a_process_that_drives_another_accelerator_says_which(monkeypatch):
    there = torch.device("xpu")
    monkeypatch.setattr(
        torch.accelerator, "current_accelerator", lambda check_available=False: there
    )
    monkeypatch.setattr(torch.accelerator, "device_count", lambda: 2)
    assert "PyTorch drives xpu in this process" in find("cuda").unavailable().message
    assert find("xpu:1").unavailable() is None
    assert "no xpu:2 here, only xpu:0 to xpu:1" in find("xpu:2").unavailable().message


@pytest.mark.parametrize(
    ("index", "count", "said"),
    [(0, 1, None), (1, 2, None), (1, 1, "only npu:0."), (2, 2, "only npu:0 to npu:1.")],
)
def test_a_number_that_is_not_here_is_told_with_those_that_are(index, count, said):
    reason = beyond("npu", index, count)
    assert (reason is None) if said is None else reason.message.endswith(said)


def test_a_torch_cuda_that_is_an_npu_is_refused_and_counts_nothing(monkeypatch):
    """`transfer_to_npu` lets torch.cuda of a build without CUDA say that it is there."""
    monkeypatch.setattr(torch.version, "cuda", None)
    monkeypatch.setattr(torch.version, "hip", None)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 8)
    monkeypatch.setattr(torch.accelerator, "device_count", lambda: 8)
    monkeypatch.setattr(
        torch.accelerator, "current_accelerator", lambda check_available=False: torch.device("cuda")
    )
    assert cuda.is_rewired()
    assert cuda.count() == 0
    reason = find("cuda:0").unavailable()
    assert "transfer_to_npu" in reason.message
    assert "--device npu" in reason.hint


@pytest.mark.parametrize("build", ["cuda", "hip"])
def test_a_real_build_is_not_taken_for_an_npu(monkeypatch, build):
    monkeypatch.setattr(torch.version, "cuda", None)
    monkeypatch.setattr(torch.version, "hip", None)
    monkeypatch.setattr(torch.version, build, "13.0")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert not cuda.is_rewired()


# what all have in common


class Bare(Device):
    """A device that says no more than it must."""

    torch_device = "meta"

    def host_threads(self, asked):
        return 1

    def session(self, *, threads):
        raise NotImplementedError

    def step(self, call, context, inputs=()):
        raise NotImplementedError


def test_what_a_device_does_not_say_is_unknown_and_spoils_nothing():
    bare = Bare()
    assert bare.unavailable() is None
    assert bare.known == ()
    assert bare.strict is None
    assert bare.facts() == bare.noted() == {}
    assert bare.concerns() == ()
    assert bare.free_memory() is None
    assert bare.peak_memory(dict, dict) is None
    assert bare.energy(dict, dict) is None
    assert bare.fell_back("no kernel") is False
    bare.refuse(layout="channels_last", dtype="float64", mode="train")
    with bare.noticing() as noticed:
        assert noticed == []


@pytest.mark.parametrize("missing", ["host_threads", "session", "step"])
def test_a_device_must_say_how_it_is_timed(missing):
    body = {
        name: vars(Bare)[name] for name in ("host_threads", "session", "step") if name != missing
    }
    with pytest.raises(TypeError, match=missing):
        types.new_class("Half", (Device,), exec_body=lambda space: space.update(body))()


def test_a_row_of_quirks_says_by_itself_that_nothing_is_special():
    row = Quirks(probe=lambda _index: None, facts=lambda _index: {})
    assert row.capture is row.strict is row.l2_bytes(0) is row.health(0) is None
    assert row.channels_last
    assert row.float64
    assert row.fell_back("anything") is False
    with row.noticing() as noticed:
        assert noticed == []


@pytest.mark.parametrize("thing", [0, None, ["cuda"], b"cpu"])
def test_a_device_that_is_no_text_is_told_how_to_write_it(thing):
    with pytest.raises(UsageError, match="a device is a name"):
        devices.named(thing)
