"""Bad input gets one clear sentence, the next step and an exit code; never a traceback or a guess."""

from __future__ import annotations

import json

import pytest
from study_commands import refused

from lightbench import devices
from lightbench.errors import DeviceUnavailable
from lightbench.records import store

QUICK = ("--device", "null", "--seconds", "0.05")
NET = "example_conv_g4"


# Options.


def test_a_choice_that_is_missing_is_asked_for_in_one_sentence(lightbench):
    sentence, _ = refused(lightbench("list"))
    assert "Choose from: models, devices" in sentence


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        # names: the nearest is suggested
        (["profile", "mobilenet_v22"], "'mobilenet_v22'. Did you mean mobilenet_v2"),
        (["profile", "torchvision:resnet51"], "'resnet51'. Did you mean resnet5"),
        (["profile", "timm:mobilenetv3_smal_100"], "Did you mean mobilenetv3_small_100"),
        (["profile", "huggingface:x"], "cannot read the model 'huggingface:x'. Known sources"),
        (["profile", ""], "no model is called ''."),
        (["profile"], "no model is named. Try"),
        (["count"], "Missing argument"),
        (["profile", NET, "--device", "nul"], "no device is called 'nul'. Did you mean null"),
        (["profile", NET, "--engine", "eagre"], "no engine is called 'eagre'. Did you mean eager"),
        (["profile", NET, "--format", "jsn"], "no format is called 'jsn'. Did you mean json"),
        (["count", NET, "--convention", "thopp"], "'thopp'. Did you mean thop"),
        (["profle"], "no command is called 'profle'. Did you mean profile"),
        (["profile", NET, "--fromat", "x"], "No such option '--fromat'. Did you mean '--format'"),
        (["list", "modles"], "Try `lightbench list --help`"),
        (["list", "devices", "--from", "timm"], "--from is for models"),
        # shapes and sizes
        (["profile", NET, "--input", "3x224xx"], "'3x224xx'. Write it without the batch"),
        (["profile", NET, "--input", "3,224,224"], "cannot read the input shape"),
        (["profile", NET, "--input", "0x224x224"], "cannot read the input shape"),
        (["profile", NET, "--input", "-3x4x4"], "cannot read the input shape"),
        (["profile", NET, "--input", ""], "cannot read the input shape ''"),
        (["profile", NET, "--input", "8:int7"], "cannot read the input dtype 'int7'. Known:"),
        (["layers", NET, "--input", "axb"], "cannot read the input shape 'axb'"),
        (["profile", NET, "--batch", "0"], "got 0. Try --batch 1"),
        (["profile", NET, "--batch", "-3"], "got -3. Try --batch 1"),
        (["profile", NET, "--batch", "ten"], "cannot read 'ten' as whole numbers. Try 1, or 1,8"),
        (["profile", NET, "--batch", "1,,2"], "cannot read '1,,2' as whole numbers"),
        (["profile", NET, "--batch", "1.5"], "cannot read '1.5' as whole numbers"),
        (["profile", NET, "--batch", "9" * 30], "a batch is a whole number from 1 to"),
        (["count", NET, "--batch", "0"], "got 0. Try --batch 1"),
        (["count", NET, "--batch", "many"], "'many' is not a valid integer"),
        (["layers", NET, "--batch", "-1"], "got -1. Try --batch 1"),
        (["layers", NET, "--top", "0"], "Invalid value for '--top'"),
        (["profile", NET, "--threads", "0"], "threads are 1 or more, got 0. Try --threads 1"),
        (["profile", NET, "--threads", "-1"], "threads are 1 or more, got -1"),
        (["profile", NET, "--threads", "9" * 12, "--device", "cpu"], "more than any processor runs"),
        # kinds
        (["profile", NET, "--dtype", "float23"], "'float23'. Did you mean float32"),
        (["profile", NET, "--dtype", "float32,int4"], "no dtype is called 'int4'. Did you mean int8? Known: float32"),
        (["profile", NET, "--dtype", "float32,int8"], "not in int8"),
        (["profile", NET, "--dtype", ""], "no dtype is called ''"),
        (["profile", NET, "--calibration", "."], "nothing here is in int8. Say --dtype int8"),
        (["profile", NET, "--engine", "openvino", "--dtype", "int8", "--calibration", "gone"],
         "there is no 'gone' to calibrate on. --calibration takes a folder of images"),
        (["compare", NET, "--b", "calibration=."], "nothing here is in int8"),
        (["profile", NET, "--mode", "trian"], "no mode is called 'trian'. Did you mean train"),
        # the stop rule
        (["profile", NET, "--rel", "0"], "got 0.0. 0.01 asks for a median known within 1 %"),
        (["profile", NET, "--rel", "nan"], "above zero, got nan"),
        (["profile", NET, "--rel", "inf"], "above zero, got inf"),
        (["profile", NET, "--rel", "tight"], "'tight' is not a valid float"),
        (["profile", NET, "--seconds", "-1"], "above zero, got -1.0"),
        (["profile", NET, "--seconds", "nan"], "above zero, got nan"),
        # files
        (["profile", "missing.py:Net"], "there is no file 'missing.py'. Write path/file.py:Class"),
        (["profile", "missing.py"], "there is no file 'missing.py'"),
        (["profile", "--suite", "missing.toml"], "no suite 'missing.toml'. Write a TOML file"),
        (["profile", NET, "-o", "out.docx"], "'out.docx'. Known: "),
        (["report"], "there is nothing to report. Name a store"),
        (["report", "missing.jsonl"], "missing.jsonl: No such file"),
        (["report", "x.jsonl", "-o", "r.docx"], "no format is known for the file name 'r.docx'"),
        (["report", "x.jsonl", "--device", "cpu"], "--store, --device and --force are of a suite. Name one"),
        (["report", "x.jsonl", "--format", "pdf"], "no format is called 'pdf'"),
        (["profile", "\udcff.py:Net"], "is not Unicode text"),
    ],
)  # fmt: skip
def test_it_says_what_was_wrong_and_the_next_step(
    arguments, words, lightbench, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    extra = QUICK if arguments[0] == "profile" and "--device" not in arguments else ()
    extra = extra[:2] if "--seconds" in arguments else extra
    answer = lightbench(*arguments, *extra)
    if arguments == ["report", "missing.jsonl"]:
        assert (answer.code, answer.out, answer.err.count("\n")) == (2, "", 1)
    else:
        refused(answer)
    assert words in " ".join(answer.err.split()), answer.err
    assert list(tmp_path.iterdir()) == []


def test_every_error_message_is_inert_on_a_terminal(lightbench):
    answer = lightbench("profile", "net\x1b[31m\u202e\nlightbench: all is well")
    assert answer.code == 2
    assert "\x1b" not in answer.err
    assert "\u202e" not in answer.err
    assert "\nlightbench: all" not in answer.err


def test_a_device_that_is_not_there_is_4_and_says_why(lightbench, monkeypatch):
    device = devices.find("cpu")
    monkeypatch.setattr(device, "unavailable", lambda: DeviceUnavailable("no CPU here."))
    answer = lightbench("profile", NET)
    assert (answer.code, answer.out, answer.err) == (4, "", "lightbench: no CPU here.\n")


def test_a_package_that_is_not_there_is_4_and_says_how_to_get_it(lightbench, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "timm", None)
    _, step = refused(lightbench("profile", "timm:resnet18"), code=4)
    assert 'pip install "timm>=1.0.3"' in step


# Suites.


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("models = [", "cannot read the suite"),
        ("modles = ['a']", "Known keys: models, "),
        ("models = ['a']\ncolour = 1", "unknown field `colour`"),
        ("models = 'a'", "Expected `array`"),
        ("models = ['a']\nbatch = 'ten'", "$.batch"),
        (f"models = ['{NET}']\nbatch = 0", "got 0. Try --batch 1"),
        (f"models = ['{NET}']\nmode = 'trian'", "Did you mean train"),
        (f"models = ['{NET}']\nrel = -1.0", "above zero, got -1.0"),
        (f"models = ['{NET}']\nrel = nan", "above zero, got nan"),
        ("models = []", "no model is named"),
        ("\xff", "cannot read the suite"),
    ],
)
@pytest.mark.parametrize("command", ["profile", "report"])
def test_a_suite_that_cannot_be_right_is_refused(command, text, words, lightbench, tmp_path):
    file = tmp_path / "s.toml"
    file.write_bytes(text.encode("latin-1"))
    answer = lightbench(command, "--suite", file, "--device", "null")
    refused(answer)
    assert words in " ".join(answer.err.split())


def test_a_folder_is_no_suite(lightbench, tmp_path):
    refused(lightbench("profile", "--suite", tmp_path))


# Code in files.


@pytest.fixture
def nets(tmp_path):
    path = tmp_path / "nets.py"
    path.write_text(
        "import torch\n"
        "from torch import nn\n"
        "class Net(nn.Sequential):\n"
        "    def __init__(self, width, *, depth):\n"
        "        super().__init__(nn.Conv2d(3, width, 3))\n"
        "class Wrong(nn.Sequential):\n"
        "    def __init__(self):\n"
        "        super().__init__(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Linear(7, 5))\n"
        "class Raises(nn.Conv2d):\n"
        "    def __init__(self):\n"
        "        super().__init__(3, 4, 3)\n"
        "        self.norm = nn.BatchNorm2d(4)\n"
        "    def forward(self, x):\n"
        "        self.norm(super().forward(x))\n"
        "        raise KeyError('stage5')\n"
        "class Infinite(nn.Conv2d):\n"
        "    def __init__(self):\n"
        "        super().__init__(3, 4, 3)\n"
        "    def forward(self, x):\n"
        "        return super().forward(x) / 0\n"
        "class Later(nn.Conv2d):\n"
        "    def __init__(self):\n"
        "        super().__init__(3, 4, 3)\n"
        "        self.calls = 0\n"
        "    def forward(self, x):\n"
        "        self.calls += 1\n"
        "        if self.calls > 3: raise RuntimeError('worn out')\n"
        "        return super().forward(x)\n"
        "class Hungry(Infinite):\n"
        "    def forward(self, x):\n"
        "        return super().forward(x) + torch.empty(1 << 60)\n"
        "def number(): return 3\n"
        "def leaves(): raise SystemExit(0)\n"
        "def breaks(): raise ZeroDivisionError\n"
        "constant = 3\n"
    )
    return path


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ("Nett(1)", "has no 'Nett'. Did you mean Net?"),
        ("zzz", "has no 'zzz'. Write {}:Wrong (it defines Wrong, Raises,"),
        ("Net", "missing a required argument: 'width'. Write {}:Net(width=..., depth=...)."),
        ("Net(8)", "missing a required argument: 'depth'"),
        ("Net(8, depth=1, size=2)", "unexpected keyword argument 'size'"),
        ("Net(8, depth=1", "cannot read the model"),
        ("Net(open('x'))", "cannot read the model"),
        ("Net(**{'width': 8})", "cannot read the model"),
        ("Net({[]: 1})", "cannot read the model"),
        ("Net(" + "[" * 500, "cannot read the model"),
        ("Net.mro()", "Net.mro gives a list, not a torch.nn.Module."),
        ("Net(8, depth=deep)", "has no such name. A text is in quotes"),
        ("torch.save(3, 'x')", "cannot read the model: torch.save is nothing that"),
        ("Net.__subclasses__()", "cannot read the model"),
        ("", "cannot read the model"),
        ("number", "number gives a int, not a torch.nn.Module."),
        ("constant", "'constant' in '{}' is neither a class nor a function."),
        ("leaves", "leaves cannot be built: SystemExit: 0."),
        ("breaks", "breaks cannot be built: ZeroDivisionError."),
    ],
)  # fmt: skip
def test_a_file_is_told_what_its_name_should_be(call, words, nets, lightbench):
    for command in ("profile", "count"):
        answer = lightbench(command, f"{nets}:{call}")
        assert (answer.code, answer.out) == (2, "")
        assert words.format(nets) in " ".join(answer.err.split())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("def broken(:", "net.py fails when it is imported: SyntaxError: invalid syntax"),
        ("import no_such_thing", "ModuleNotFoundError: No module named 'no_such_thing'."),
        ("raise SystemExit", "net.py fails when it is imported: SystemExit."),
        ("1/0", "ZeroDivisionError: division by zero."),
        ("x = '\0'", "fails when it is imported"),
    ],
)
def test_a_file_that_does_not_import_says_why(text, words, lightbench, tmp_path):
    (tmp_path / "net.py").write_text(text)
    for command in ("profile", "count"):
        answer = lightbench(command, f"{tmp_path}/net.py:Net")
        assert (answer.code, answer.out) == (2, "")
        assert words in answer.err


def test_a_forward_that_raises_names_the_module_and_the_shapes(nets, lightbench):
    for command in ("profile", "count"):
        sentence, step = refused(lightbench(command, f"{nets}:Wrong", "--input", "3x8x8"))
        assert "the forward pass failed in Linear `2` with 1x4x6x6: RuntimeError: " in sentence
        assert "--input" in step


def test_a_forward_may_raise_anything(nets, lightbench):
    sentence, _ = refused(lightbench("profile", f"{nets}:Raises", "--input", "3x8x8"))
    assert "failed in Raises (the network itself) with 1x3x8x8: KeyError: 'stage5'." in sentence


def test_a_network_that_fails_while_it_is_timed_is_a_row(nets, lightbench):
    answer = lightbench(
        "profile", f"{nets}:Later", NET, "--threads", "1", "--input", "3x8x8", "--format", "json"
    )
    later, wrong_input = json.loads(answer.out)
    assert answer.code == 2
    assert later["failure"]["message"].endswith("RuntimeError: worn out.")
    assert "Conv2d" in wrong_input["failure"]["message"]


def test_a_network_that_takes_one_image_only_is_timed(lightbench, tmp_path):
    (tmp_path / "net.py").write_text(
        "from torch import nn\n"
        "class Net(nn.BatchNorm2d):\n"
        "    def __init__(self): super().__init__(3)\n"
        "    def forward(self, x):\n"
        "        assert len(x) == 1\n"
        "        return super().forward(x)\n"
    )
    answer = lightbench(
        "profile", f"{tmp_path}/net.py:Net", "--input", "3x8x8", "--seconds", "0.05"
    )
    assert answer.code == 0, answer


def test_infinite_outputs_are_warned_about_and_timed(nets, lightbench):
    answer = lightbench(
        "profile", f"{nets}:Infinite", "--input", "3x8x8", "--threads", "1", "--seconds", "0.05"
    )
    assert answer.code == 0
    assert "warning: the output has NaN or infinite values" in " ".join(answer.out.split())


@pytest.mark.parametrize(
    "arguments",
    [
        [NET, "--batch", "100000000"],  # 3 PB for the input alone
        [NET, "--batch", "1000000000", "--input", "16x999999999x999"],  # no 64-bit address is left
        ["mobilenet_v2", "--batch", "100000000", "--mode", "train"],
    ],
)
def test_what_does_not_fit_into_memory_is_a_sentence(arguments, lightbench):
    sentence, step = refused(lightbench("profile", *arguments), code=3)
    assert sentence.startswith("lightbench: out of memory: ")
    assert "smaller --batch" in step


def test_an_allocation_that_fails_in_the_network_is_out_of_memory(nets, lightbench):
    sentence, _ = refused(lightbench("profile", f"{nets}:Hungry", "--input", "3x8x8"), code=3)
    assert "out of memory: " in sentence


def test_a_network_without_parameters_or_gradients_is_not_trained(tmp_path, lightbench):
    (tmp_path / "net.py").write_text(
        "from torch import nn\n"
        "class Flat(nn.Flatten): pass\n"
        "class Detached(nn.Linear):\n"
        "    def __init__(self): super().__init__(4, 4)\n"
        "    def forward(self, x): return super().forward(x).detach()\n"
    )
    for name, words in (("Flat", "no parameter to train"), ("Detached", "has a gradient")):
        sentence, step = refused(
            lightbench("profile", f"{tmp_path}/net.py:{name}", "--input", "4", "--mode", "train")
        )
        assert words in sentence
        assert "--mode infer" in step


# Trust.


@pytest.fixture
def trap(tmp_path):
    """A file that leaves a trace when it runs."""
    path, trace = tmp_path / "trap.py", tmp_path / "trace"
    path.write_text(
        f"open({str(trace)!r}, 'w').close()\n"
        "from torch import nn\n"
        "class Net(nn.Conv2d):\n"
        "    def __init__(self): super().__init__(3, 4, 3)\n"
    )
    return path, trace


@pytest.mark.parametrize("command", ["profile", "report"])
def test_a_file_in_a_suite_runs_only_with_trust_code(command, trap, lightbench, tmp_path):
    path, trace = trap
    suite = tmp_path / "s.toml"
    suite.write_text(f"models = ['{NET}', '{path}:Net']\ninput = '3x8x8'\nseconds = 0.05\n")
    arguments = (command, "--suite", suite, "--device", "null")
    _, step = refused(lightbench(*arguments))
    assert "--trust-code" in step
    assert not trace.exists()
    assert lightbench(*arguments, "--trust-code").code in (0, 3)
    assert trace.exists()


def test_a_suite_stays_unused_where_models_are_typed(trap, lightbench, tmp_path):
    path, trace = trap
    (tmp_path / "s.toml").write_text(f"models = ['{path}:Net']\nseconds = 0.05\n")
    answer = lightbench("profile", NET, "--suite", tmp_path / "s.toml", "--device", "null")
    assert answer.code == 0
    assert not trace.exists()


def test_a_path_that_is_typed_is_trusted(trap, lightbench):
    path, trace = trap
    assert lightbench("count", f"{path}:Net", "--input", "3x8x8").code == 0
    assert trace.exists()


def test_a_report_of_records_that_name_a_file_does_not_run_it(
    trap, lightbench, tmp_path, make_record
):
    path, trace = trap
    store.append(tmp_path / "r.jsonl", [make_record(f"{path}:Net")])
    answer = lightbench("report", tmp_path / "r.jsonl", "-o", tmp_path / "r.md")
    assert answer.code == 0
    assert "trap.py:Net" in (tmp_path / "r.md").read_text()
    assert not trace.exists()
