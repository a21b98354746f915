"""How many threads are taken where nobody asks: as many as cores are free, and one number for all."""

from types import SimpleNamespace

import msgspec
import pytest
import torch

from lightbench import devices
from lightbench.environment import free_cores
from lightbench.environment.free_cores import Free
from lightbench.environment.machine import Source
from lightbench.records import Case, InputSpec, facets
from lightbench.runner import run
from lightbench.runner.control import Control
from lightbench.runner.session import follow
from lightbench.timing.stopping import Rule


def looked(root, *cores_s, own_s=0.0, files=None):
    """What a look finds while each core is busy for so many seconds; the first may be ours."""
    root.mkdir(exist_ok=True)
    spent = {"s": 0.0}

    def write(share):
        lines = [f"cpu{i} {500 + round(s * share * 100)} 0 0 9" for i, s in enumerate(cores_s)]
        (root / "proc").mkdir(exist_ok=True)
        (root / "proc/stat").write_text("\n".join(lines))

    def later(_wait):
        spent["s"] = 1.0
        write(11)

    own = SimpleNamespace(
        cpu_affinity=lambda: list(range(len(cores_s))),
        cpu_times=lambda: SimpleNamespace(user=own_s * (1 + 10 * spent["s"]), system=0.0),
        children=lambda recursive: [],
    )
    for path, text in (files or {}).items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    write(1)
    source = Source(root=root, psutil=SimpleNamespace(Process=lambda pid=None: own), torch=None)
    return free_cores.look(source, sleep=later, clock=lambda: spent["s"] * 10)


@pytest.mark.parametrize(
    ("cores", "expected"),
    [
        ((0.0, 0.0), Free(2, 2, 0)),
        ((0.1, 0.1), Free(2, 2, 0)),  # an idle desktop
        ((0.0, 0.3), Free(1, 2, 1)),
        ((0.0, 1.0), Free(1, 2, 1)),
        ((1.0, 1.0), Free(1, 2, 2)),  # one in any case
        ((1.0, 0.3, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0), Free(6, 8, 2)),
    ],
)
def test_a_core_that_others_use_is_not_free(tmp_path, cores, expected):
    assert looked(tmp_path, *cores) == expected


def test_what_we_use_ourselves_is_free(tmp_path):
    assert looked(tmp_path, 1.0, 0.0, own_s=1.0) == Free(2, 2, 0)


@pytest.mark.parametrize(
    ("limit", "threads"), [("150000 100000", 1), ("50000 100000", 1), ("max 100000", 4)]
)
def test_a_limit_of_a_container_leaves_no_more(tmp_path, limit, threads):
    files = {"proc/self/cgroup": "0::/", "sys/fs/cgroup/cpu.max": limit}
    found = looked(tmp_path, 0.0, 0.1, 0.0, 0.0, files=files)
    assert found == Free(threads, 4, 0)


def test_where_it_is_not_known_pytorch_chooses(tmp_path, monkeypatch):
    psutil = SimpleNamespace(Process=lambda pid=None: 1 / 0)
    nothing = Source(root=tmp_path, psutil=psutil, torch=None)
    assert free_cores.look(nothing, sleep=lambda _s: None) is None
    monkeypatch.setattr(free_cores, "decided", lambda: None)
    assert free_cores.threads(7) == 7
    assert free_cores.noted() == free_cores.handed_on() == {}


def test_it_is_decided_once_and_handed_on(monkeypatch):
    looks = []
    monkeypatch.delenv(free_cores.HANDED_ON)
    monkeypatch.setattr(free_cores, "look", lambda: looks.append(1) or Free(3, 4, 1))
    assert [free_cores.threads(8), free_cores.threads(2), free_cores.threads(8)] == [3, 2, 3]
    assert len(looks) == 1
    handed = free_cores.handed_on()
    free_cores.forget()
    monkeypatch.setenv(free_cores.HANDED_ON, handed[free_cores.HANDED_ON])
    assert free_cores.decided() == Free(3, 4, 1)
    assert len(looks) == 1


def test_a_stored_number_goes_before_what_is_free(monkeypatch):
    monkeypatch.setenv(free_cores.HANDED_ON, "1 2 1")
    assert free_cores.threads(2) == 1
    free_cores.keep(2, "as stored")
    assert (free_cores.threads(2), free_cores.kept()) == (2, "as stored")
    assert free_cores.handed_on() == {free_cores.HANDED_ON: "2"}
    free_cores.forget()
    monkeypatch.setenv(free_cores.HANDED_ON, "2")
    assert free_cores.decided() == Free(2)


@pytest.mark.parametrize("text", ["many", "-1", "1 x 2", ""])
def test_an_environment_that_says_nonsense_is_not_believed(monkeypatch, text):
    monkeypatch.setenv(free_cores.HANDED_ON, text)
    monkeypatch.setattr(free_cores, "look", lambda: Free(5, 8, 3))
    assert free_cores.decided() == Free(5, 8, 3)


# in a run

SQUEEZE = Case(model="squeezenet1_1", inputs=(InputSpec.parse("3x32x32"),))
QUICK = Rule(max_s=0.05, warmup_s=0.05)


@pytest.fixture(autouse=True)
def two_threads():
    """What PyTorch chooses here."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def two_cores(monkeypatch, now):
    monkeypatch.setenv(free_cores.HANDED_ON, now)
    free_cores.forget()


@pytest.mark.slow
def test_a_run_goes_on_with_the_threads_of_its_store(monkeypatch):
    two_cores(monkeypatch, "2 2 0")
    (first,) = run.run([SQUEEZE], rule=QUICK)
    assert first.environment.comparable["threads"] == 2
    two_cores(monkeypatch, "1 2 1")  # a core is busy now
    other = msgspec.structs.replace(SQUEEZE, batch=2)
    again, new = run.run([SQUEEZE, other], rule=QUICK, control=Control(stored=[first]))
    assert again == first
    assert new.environment.comparable["threads"] == 2
    assert free_cores.kept() == "threads 2, as what is continued has, not the 1 that are free now."


@pytest.mark.slow
@pytest.mark.parametrize("change", [{"cpu": "another"}, {"torch": "1.0"}])
def test_a_store_of_another_machine_decides_nothing(monkeypatch, change):
    two_cores(monkeypatch, "2 2 0")
    (first,) = run.run([SQUEEZE], rule=QUICK)
    where = msgspec.structs.replace(
        first.environment, comparable={**first.environment.comparable, **change}
    )
    two_cores(monkeypatch, "1 2 1")
    follow([msgspec.structs.replace(first, environment=where)], devices.find("cpu"), "cpu")
    assert free_cores.kept() == ""
    assert devices.find("cpu").host_threads(None) == 1


def test_a_record_that_was_told_its_threads_decides_nothing(monkeypatch):
    two_cores(monkeypatch, "2 2 0")
    (told,) = run.run([msgspec.structs.replace(SQUEEZE, threads=2)], rule=QUICK)
    two_cores(monkeypatch, "1 2 1")
    follow([told], devices.find("cpu"), "cpu")
    assert devices.find("cpu").host_threads(None) == 1


def test_the_heading_says_out_of_how_many(monkeypatch):
    two_cores(monkeypatch, "1 2 1")
    records = run.run([SQUEEZE, msgspec.structs.replace(SQUEEZE, batch=2)], rule=QUICK)
    assert "threads 1 (of 2, 1 busy)" in facets.shared(records)
    assert [facet.key for facet in facets.differing(records)] == ["batch"]
    (told,) = run.run([msgspec.structs.replace(SQUEEZE, threads=1)], rule=QUICK)
    assert "threads 1" in facets.shared([told])
    assert "threads 1" in facets.shared([told, *records])  # not all of them, so that none is said


def test_a_heading_of_idle_cores_says_so(monkeypatch):
    two_cores(monkeypatch, "2 2 0")
    records = run.run([SQUEEZE], rule=QUICK)
    assert "threads 2 (of 2, none busy)" in facets.shared(records)


def test_a_device_that_runs_nothing_asks_nobody(monkeypatch):
    monkeypatch.setattr(free_cores, "look", lambda: pytest.fail("nothing runs here"))
    monkeypatch.delenv(free_cores.HANDED_ON)
    (record,) = run.run([msgspec.structs.replace(SQUEEZE, device="null")], rule=QUICK)
    assert "waited" not in record.environment.noted
    assert record.warnings == () or not any(w.startswith("contended") for w in record.warnings)
