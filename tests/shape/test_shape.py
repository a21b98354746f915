"""The shape of the package: its public names, its rules about code, and what importing it costs."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib

import msgspec
import pytest

import lightbench
from lightbench import records, registry
from lightbench.errors import EXIT_CODES, LightbenchError
from lightbench.records import findings, inputs, outputs

FILES = sorted(registry.PACKAGE.rglob("*.py"))
ROOT = registry.PACKAGE.parent


def name_of(path):
    return str(path.relative_to(ROOT))


def calls(path):
    """Every call in a file, as ("torch.load", the call)."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


# Frozen lists: a change here is a change for everybody who uses lightbench.


def test_the_public_names_are_these():
    assert lightbench.__all__ == [
        "__version__", "Card", "Case", "Checked", "Compared", "Costs", "Counts", "Evaluated", "Fitted", "Guidelines", "History", "Latency",
        "LayerTimes", "Layers", "Lint", "NoiseResult", "Op", "Predictions", "Profile", "Record", "Report", "Roofline", "Samples",
        "Scaling", "SweepPoint", "SweepResult", "Tradeoff", "Trained", "Work", "check", "compare", "count", "device_card",
        "evaluate", "fit", "guidelines", "history", "layers", "lint", "load_model", "noise", "predict", "profile", "register_rule",
        "report", "roofline", "scaling", "sweep", "tradeoff", "train",
    ]  # fmt: skip
    assert all(getattr(lightbench, name) for name in lightbench.__all__)
    assert dir(lightbench) == sorted(lightbench.__all__)


def test_type_checkers_are_told_of_every_public_name_and_of_no_other():
    (told,) = (
        node
        for node in ast.parse((registry.PACKAGE / "__init__.py").read_text()).body
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    )
    found = {alias.asname: line.module for line in told.body for alias in line.names}
    assert found == lightbench._PUBLIC


def test_type_checkers_may_read_the_annotations_of_an_installed_package():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    assert "py.typed" in settings["package-data"]["lightbench"]
    assert (registry.PACKAGE / "py.typed").is_file()


def test_a_name_that_is_not_public_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'proflie'"):
        _ = lightbench.proflie


FIELDS = {
    "Case": "model inputs batch device engine dtype mode layout threads options calibration",
    "InputSpec": "shape dtype batch_at below",
    "Value": "literal",
    "Items": "items kind each",
    "Named": "name of",
    "Entries": "entries",
    "Other": "type holds",
    "Costs": (
        "params param_bytes madds mem_access mem_bytes fused_bytes activations ops calls uncounted"
        " traced stored_params"
    ),
    "Samples": (
        "wall_s cpu_s device_s launch_s to_device_s to_host_s throttled_rounds"
        " calls_per_sample samples_per_round first_call_s warmup_calls stop"
    ),
    "Latency": "median_s low_s high_s p90_s p99_s min_s n cpu_median_s",
    "Failure": "error message hint exit_code",
    "Environment": "comparable noted",
    "Record": (
        "schema time case status environment costs samples latency peak_memory_bytes energy_j warnings"
        " failure found identity run outputs conversion vendor resident"
    ),
    "Outputs": "error eager_error dtype against",
    "Resident": "runtime_bytes load_bytes calls_bytes peak_bytes arena_bytes",
    "Conversion": "packages size_bytes seconds kept calibrated_on left",
    "OffPath": "path op count why",
    "Identity": "structure code packages counting",
    "Run": "id anchor rel max_s",
    "SweepPoint": ("run experiment point channels width settings reference launch per_madd note"),
    "Interval": "median low high",
    "PartTime": "name time_s share",
    "LayerTimes": "rounds total_s over_whole operators kinds views",
    "KernelTime": "op kernel modules copies why mem_bytes share",
    "EngineTimes": "calls profiled_s kernels",
    "Finding": "guideline layer cause advice mem_bytes estimate_s measured_s kind change rewrite",
    "CheckedMetric": ("metric before now verdict state change low high limit note seconds alone"),
    "Check": "against metrics",
    "Opinion": "tool version ours theirs problem",
    "Linted": "findings tried",
    "Tried": "rewrite guideline kind change answers places estimate_s saved_s ratio verdict why",
    "Bin": "images right confidence",
    "Evaluation": (
        "run data weights digest seed images right right5 loss classes confusion unanswered bins against disagreed"
    ),
    "Crosscheck": "opinions",
}


@pytest.mark.parametrize("noun", FIELDS)
def test_the_fields_of_a_stored_record_are_these(noun):
    home = next(module for module in (records, findings, inputs, outputs) if hasattr(module, noun))
    fields = msgspec.structs.fields(getattr(home, noun))
    assert " ".join(field.name for field in fields) == FIELDS[noun]


HOW = "device engine threads dtype layout seed say progress"  # what all of them take that measure
STORED = "stored force keep"


def test_the_parameters_of_the_public_functions_are_these():
    import inspect

    found = {
        name: " ".join(inspect.signature(getattr(lightbench, name)).parameters)
        for name in lightbench.__all__
        if inspect.isfunction(getattr(lightbench, name))
    }
    assert found == {
        "profile": (
            "models options input args kwargs roofline rel seconds trusted anchored seed say progress stored force keep so_far"
            " device engine batch threads dtype mode layout calibration"
        ),
        "count": "model input batch dtype args kwargs strict trusted",
        "check": (
            "models against baseline config tolerance seconds latency strict isolate old_python"
            f" batch mode input trusted {HOW}"
        ),
        "history": "sources models metric device",
        "noise": (f"model batch tolerance seconds trusted {HOW}"),
        "load_model": "model",
        "register_rule": "operator rule",
        "fit": "model madds params input trusted say",
        "report": "sources title reference accuracy commands note",
        "compare": (
            "a b a_settings b_settings batch mode input args kwargs tolerance seconds comparisons trusted"
            f" {HOW}"
        ),
        "guidelines": (f"names scale channels widths geometry seconds batch {HOW} {STORED}"),
        "scaling": (
            "models input resolution width rel seconds trusted seed say progress stored force keep so_far"
            " device engine batch threads dtype mode layout calibration"
        ),
        "sweep": (f"axis channels input constant seconds batch {HOW} {STORED}"),
        "device_card": (f"path {HOW} {STORED}"),
        "layers": (f"model input batch seconds trusted {HOW}"),
        "roofline": (f"models layers input batch rel seconds trusted {HOW} {STORED}"),
        "evaluate": (
            "model data weights batch engine dtype calibration device threads layout input trusted say"
        ),
        "predict": "model images weights input top batch device trusted say",
        "lint": (f"model input card verify trial seconds batch trusted {HOW}"),
        "train": (
            "model data folder device threads input weights resume force tensorboard trusted epochs batch optimizer lr"
            " schedule label_smoothing amp ema clip compile resize seed workers patience say progress"
        ),
        "tradeoff": "models data folder seeds epochs device engine threads input rel seconds trusted say keep training",
    }


def test_every_error_has_an_exit_code_of_the_table_and_says_what_it_is():
    found = [LightbenchError]
    for error in found:
        found += error.__subclasses__()
        assert error.exit_code in EXIT_CODES
        assert error.__doc__
    assert len(found) > 8
    assert sorted(EXIT_CODES) == [0, 1, 2, 3, 4, 70, 129, 130, 143]


# Rules about code.


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_file_is_one_idea(path):
    text = path.read_text()
    assert len(text.splitlines()) <= 400
    assert not text or ast.get_docstring(ast.parse(text))
    assert path.name != "utils.py"


def test_a_test_file_is_one_idea_too():
    files = [path for path in (ROOT / "tests").rglob("*.py") if "build" not in path.parts]
    assert not [name_of(path) for path in files if len(path.read_text().splitlines()) > 400]


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_function_does_one_thing(path):
    """In at most 60 lines, without its signature and docstring."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            assert not body or body[-1].end_lineno - body[0].lineno < 60, node.name


def test_the_root_of_the_package_is_seen_at_a_glance():
    assert len(list(registry.PACKAGE.glob("*.py"))) <= 8


WHAT_A_PLUGIN_HAS = {
    "device": "at", "engine": "prepare|load", "model family": "build", "model format": "graph", "data set": "split", "format": "render", "figure": "draw",
    "guideline": "sweep", "lint rule": "find", "lint rewrite": "rewrite|settings", "report part": "section", "study": "gather", "command": "command",
}  # fmt: skip


@pytest.mark.parametrize("kind", registry.KINDS)
def test_a_folder_of_plugins_holds_plugins_and_nothing_else(kind):
    for name in registry.names(kind):
        plugin = registry.load(kind, name)
        assert any(hasattr(plugin, has) for has in WHAT_A_PLUGIN_HAS[kind].split("|")), name


def test_no_file_hides_behind_an_underscore():
    assert not [path for path in FILES if path.name.startswith("_") and path.stem[:2] != "__"]


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_nothing_runs_code_or_unpickles_that_came_as_data(path):
    for name, call in calls(path):
        assert name not in {"eval", "exec", "compile", "yaml.load", "os.system", "os.popen"}, name
        assert not name.startswith(("pickle.", "marshal.", "shelve.")), name
        assert not name.endswith(".extractall"), name
        settings = {keyword.arg: keyword.value for keyword in call.keywords}
        assert "shell" not in settings
        if name == "torch.load":
            assert ast.unparse(settings["weights_only"]) == "True"


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_no_time_goes_through_a_clock_that_can_be_set(path):
    used = {name for name, _ in calls(path)}
    assert not used & {"time.time", "time.time_ns", "time.clock", "time.process_time"}
    if "devices" not in path.parts:
        assert "time.perf_counter_ns" not in used


PROCESSES = {  # who starts any, by what, and which
    "lightbench.workers.manager": {"subprocess.Popen"},  # those that run lightbench
    "lightbench.workers.supervisor": {"os.fork"},  # itself, at its start
    "lightbench.workers.programs": {
        "subprocess.Popen"
    },  # pnnx, pip, a converter with its own Python
    "lightbench.environment.machine": {"subprocess.run"},  # git, sysctl
    "lightbench.studies.check.checkout": {"subprocess.run"},  # git
    "lightbench.devices.support.npu_smi": {"subprocess.run"},  # npu-smi
}
STARTING = re.compile(
    r"(subprocess|multiprocessing|pty)\.\w+|concurrent\.futures\.Process\w+|asyncio\.create_subprocess_\w+"
    r"|os\.(fork|forkpty|exec\w+|spawn\w+|posix_spawnp?|popen|system)"
)


def started_by(path):
    """What in a file can start a process, as "subprocess.run", however it is imported."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (f"{alias.name}.imported" for alias in node.names if alias.asname)
        elif isinstance(node, ast.Call):
            yield ast.unparse(node.func)


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_processes_that_run_lightbench_are_started_in_one_place(path):
    module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    found = {name for name in started_by(path) if STARTING.fullmatch(name)}
    assert found == PROCESSES.get(module, set())


TIMELESS = [
    path
    for path in FILES
    if path.parent.name in {"environment", "stats", "timing"}
    and path.stem != "free_cores"  # it looks twice, a while apart
]


@pytest.mark.parametrize("path", TIMELESS, ids=name_of)
def test_numbers_environment_and_timing_know_no_clock_and_no_torch(path):
    nodes = list(ast.walk(ast.parse(path.read_text())))
    imported = {alias.name for n in nodes if isinstance(n, ast.Import) for alias in n.names}
    imported |= {str(n.module) for n in nodes if isinstance(n, ast.ImportFrom)}
    assert not {name.partition(".")[0] for name in imported} & {"time", "torch"}


@pytest.mark.slow
def test_importing_lightbench_and_its_record_types_takes_no_torch():
    code = (
        "import sys, lightbench\n"
        "from lightbench import Case, Record, history\n"
        "assert not {'torch', 'pandas', 'matplotlib', 'click', 'rich'} & set(sys.modules)\n"
        "lightbench.count\n"
        "assert 'torch' in sys.modules\n"
        "assert not {'torchvision', 'timm', 'pandas', 'matplotlib'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
