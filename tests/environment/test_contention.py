"""Who else wanted the processor: machines described in folders, before and after a window of time."""

from types import SimpleNamespace

import pytest

from lightbench.environment import contention
from lightbench.environment.contention import Contention, Reading, between, of, reasons
from lightbench.environment.machine import Source
from lightbench.records import Environment


def process(cpu_s=0.0, children=(), usable=(0, 1), ended_s=0.0):
    return SimpleNamespace(
        cpu_affinity=lambda: list(usable),
        cpu_times=lambda: SimpleNamespace(
            user=cpu_s, system=0.0, children_user=ended_s, children_system=0.0
        ),
        children=lambda recursive: [process(s) for s in children],
    )


def machine(root, files, **own):
    """A machine whose files say this, and whose process has used so much."""
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text + "\n")
    psutil = SimpleNamespace(Process=lambda pid=None: process(**own))
    return Source(root=root, directory=root, psutil=psutil, torch=None, environ={})


def stat(*cores):
    """/proc/stat of cores: (user, stolen) in seconds, or all ten numbers in ticks of 10 ms."""
    lines = ["cpu  1 2 3 4 5 6 7 8 9 10"]
    for i, core in enumerate(cores):
        user, stolen = core[:2]
        ticks = core if len(core) == 10 else (user * 100, 0, 0, 500, 9, 0, 0, stolen * 100, 0, 0)
        lines.append(f"cpu{i} " + " ".join(str(round(n)) for n in ticks))
    return "\n".join([*lines, "intr 1 2 3", "ctxt 5"])


def tasks(*threads):
    """Files of threads: (ran, waited) in seconds, and how often put aside."""
    files = {}
    for i, (ran, waited, aside) in enumerate(threads):
        folder = f"proc/self/task/{100 + i}"
        files[f"{folder}/schedstat"] = f"{round(ran * 1e9)} {round(waited * 1e9)} 7"
        said = f"voluntary_ctxt_switches:\t9\nnonvoluntary_ctxt_switches:\t{aside}"
        files[f"{folder}/status"] = f"Name:\tpython\n{said}"
    return files


def seen(tmp_path, before, after, *, threads=1, seconds=10.0, own=(0.0, 0.0), usable=(0, 1)):
    """What two looks at a machine say: files before and after, CPU seconds of our own."""
    found = []
    for files, cpu_s, at in ((before, own[0], 0.0), (after, own[1], seconds)):
        here = machine(tmp_path, files, cpu_s=cpu_s, usable=usable)
        found.append(contention.read(here, clock=lambda at=at: at))
    return between(*found, threads)


def where(threads, **noted):
    return Environment(comparable={"threads": threads}, noted=noted)


def said(threads, **noted):
    return reasons(where(threads, **noted))


# what is read


def test_the_wait_of_all_threads_counts_and_not_that_of_the_calling_one(tmp_path):
    before = {"proc/stat": stat((0, 0), (0, 0)), **tasks((1, 0, 5), (1, 0, 5))}
    after = {"proc/stat": stat((10, 0), (10, 0)), **tasks((11, 0, 25), (7, 4, 85))}
    found = seen(tmp_path, before, after, threads=2, own=(0, 16))
    assert found.waited == pytest.approx(4 / 20)
    assert found.others_cores == pytest.approx(0.4)  # 20 s were used, 16 by us, in 10 s
    assert found.preempted_per_s == pytest.approx(10)


def test_a_thread_that_begins_or_ends_meanwhile_is_no_wait_of_others(tmp_path):
    before = tasks((1, 0, 0), (50, 40, 0))
    (tmp_path / "later").mkdir()
    first = contention.read(machine(tmp_path, before), clock=lambda: 0.0)
    later = contention.read(machine(tmp_path / "later", tasks((2, 0, 0))), clock=lambda: 1.0)
    assert between(first, later, 1).waited == 0
    assert between(later, first, 1) == Contention()  # no time has passed: nothing is known


def test_what_we_and_our_children_use_is_not_of_others():
    ours = process(cpu_s=3.0, children=(2.0, 1.0), ended_s=4.0)
    source = SimpleNamespace(psutil=SimpleNamespace(Process=lambda: ours))
    assert contention._own(source, None) == 10.0


def test_the_siblings_of_a_process_are_ours_too_if_it_is_said():
    ours = {None: process(cpu_s=3.0), 42: process(cpu_s=1.0, children=(3.0, 5.0))}
    source = SimpleNamespace(psutil=SimpleNamespace(Process=lambda pid=None: ours[pid]))
    assert contention._own(source, None) == 3.0
    assert contention._own(source, 42) == 9.0


def test_only_the_cores_that_we_may_use_count(tmp_path):
    before = {"proc/stat": stat((0, 0), (0, 0), (0, 0))}
    after = {"proc/stat": stat((10, 0), (10, 0), (3, 0))}
    found = seen(tmp_path, before, after, usable=(2,), own=(0, 1))
    assert (found.shared_cores, found.others_cores) == (1, pytest.approx(0.2))


def test_the_time_of_guests_is_not_counted_twice(tmp_path):
    before = {"proc/stat": stat((0, 0, 0, 0, 0, 0, 0, 0, 0, 0))}
    after = {"proc/stat": stat((600, 0, 0, 400, 0, 0, 0, 0, 600, 0))}  # guest: in user, and again
    found = seen(tmp_path, before, after, usable=(0,))
    assert found.others_cores == pytest.approx(0.6)


def test_cores_that_come_or_go_are_left_out_and_counters_that_go_back_stand_still(tmp_path):
    two, three = {"proc/stat": stat((5, 1), (9, 9))}, {"proc/stat": stat((7, 0), (3, 4), (90, 9))}
    found = seen(tmp_path, two, three, own=(8, 7))
    assert (found.shared_cores, found.others_cores, found.stolen) == (2, pytest.approx(0.2), 0)
    cores = Reading(0.0, {0: (1.0, 0.0)}, 0.0), Reading(1.0, {1: (9.0, 0.0)}, 0.0)
    assert between(*cores, 1) == Contention()


def test_a_hypervisor_takes_from_us_in_proportion_to_what_we_use(tmp_path):
    before, after = {"proc/stat": stat((0, 0), (0, 0))}, {"proc/stat": stat((6, 2), (6, 2))}
    assert seen(tmp_path, before, after, own=(0, 12), threads=2).stolen == pytest.approx(4 / 20)
    assert seen(tmp_path, before, after, own=(0, 6), threads=1).stolen == pytest.approx(2 / 10)


@pytest.mark.parametrize(
    ("group", "file", "text"),
    [
        ("0::/a/b", "sys/fs/cgroup/a/cpu.stat", "nr_throttled {n}\nthrottled_usec {us}"),
        ("2:cpu:/a", "sys/fs/cgroup/cpu/a/cpu.stat", "nr_throttled {n}\nthrottled_time {us}000"),
    ],
)
def test_a_limit_of_a_container_is_read_from_its_groups(tmp_path, group, file, text):
    before = {"proc/self/cgroup": group, file: text.format(n=1, us=1_000_000)}
    after = {"proc/self/cgroup": group, file: text.format(n=9, us=3_000_000)}
    assert seen(tmp_path, before, after).limited == pytest.approx(0.2)


@pytest.mark.parametrize(
    "files",
    [
        {},  # no /proc, and a psutil that knows nothing
        {"proc/stat": "cpu0 what", "proc/self/task/1/schedstat": "x y z"},
        {"proc/stat": "", "proc/self/task/1/schedstat": ""},
        {"proc/stat": stat((0, 0), (0, 0)), **tasks((0, 0, 0))},  # a sandbox that counts nothing
        {"proc/stat": stat((3, 0))},  # a container that numbers its cores by itself
    ],
)
def test_what_a_machine_does_not_tell_is_unknown_and_nobody_is_blamed(tmp_path, files):
    found = seen(tmp_path, files, files, own=(0, 10))
    assert (found.waited, found.others_cores, found.stolen) == (None, None, None)
    assert said(2, **found.noted) == ()


def test_where_there_are_no_files_the_cores_are_those_of_psutil(tmp_path):
    def mac(busy_s):
        core = SimpleNamespace(user=busy_s, nice=0.0, system=1.0, idle=50.0)
        own = SimpleNamespace(
            cpu_times=lambda: SimpleNamespace(user=busy_s / 4, system=0.0),
            children=lambda recursive: [],
        )
        psutil = SimpleNamespace(cpu_times=lambda percpu: [core] * 2, Process=lambda: own)
        return Source(root=tmp_path, psutil=psutil, torch=None)

    before, after = (contention.read(mac(s), clock=lambda s=s: s) for s in (10.0, 14.0))
    found = between(before, after, 2)
    assert (found.others_cores, found.shared_cores) == (pytest.approx(7 / 4), 2)
    assert found.waited is None
    assert len(said(2, **found.noted)) == 1


def test_this_machine_can_be_watched():
    with contention.watching(1, clock=iter([0.0, 1.0]).__next__) as seen_here:
        sum(range(100_000))
    assert seen_here.keys() == set(contention.NAMES)
    assert of(where(1, **seen_here)).noted == seen_here


@pytest.mark.parametrize("value", [-0.1, float("nan"), float("inf")])
def test_a_contention_that_cannot_be_true_cannot_be_built(value):
    with pytest.raises(ValueError, match="waited"):
        Contention(waited=value)


def test_what_a_file_claims_is_not_believed_blindly():
    assert of(where(1, waited=float("nan"), others_cores="many")) == Contention()


# what it means


@pytest.mark.parametrize("threads", [1, 2, 4, None])
def test_threads_that_waited_for_more_than_a_twentieth_of_the_time_were_disturbed(threads):
    busy = {"others_cores": 1.0, "shared_cores": 4}
    assert said(threads, waited=0.05, **busy) == ()
    (sentence,) = said(threads, waited=0.36, **busy)
    assert sentence.startswith("contended: other programs used 1 of 4 cores meanwhile, and its")
    assert sentence.endswith("threads waited 36.0 % of the time for a core.")


def test_who_made_them_wait_is_not_made_up():
    assert said(1, waited=0.36, others_cores=0.0, shared_cores=2) == (
        "contended: its threads waited 36.0 % of the time for a core.",
    )


def test_another_program_on_the_other_core_disturbs_nobody():
    assert said(1, waited=0.002, others_cores=1.0, shared_cores=2) == ()
    assert said(1, others_cores=1.0, shared_cores=2) == ()
    assert len(said(2, others_cores=1.0, shared_cores=2)) == 1  # it wanted that core


@pytest.mark.parametrize(
    ("threads", "cores", "calm", "busy"),
    [(1, 2, 1.04, 1.06), (2, 2, 0.10, 0.11), (4, 8, 4.19, 4.3), (1, 1, 0.05, 0.06)],
)
def test_without_the_word_of_the_scheduler_what_others_took_from_us_counts(
    threads, cores, calm, busy
):
    assert said(threads, others_cores=calm, shared_cores=cores) == ()
    (sentence,) = said(threads, others_cores=busy, shared_cores=cores)
    assert sentence.startswith("contended: other programs used")


def test_threads_that_are_more_than_the_cores_wait_for_each_other():
    assert said(4, waited=0.5, others_cores=0.0, shared_cores=2) == ()
    assert len(said(4, waited=0.5, others_cores=0.5, shared_cores=2)) == 1


def test_a_host_with_busy_cores_elsewhere_leaves_a_container_alone():
    assert said(2, others_cores=40.0, shared_cores=64) == ()


@pytest.mark.parametrize(
    ("name", "words"), [("stolen", "steal"), ("limited", "the container's CPU limit")]
)
def test_a_hypervisor_and_a_limit_are_told_apart(name, words):
    assert said(2, waited=0.0, **{name: 0.05}) == ()
    (sentence,) = said(2, waited=0.0, **{name: 0.12})
    assert words in sentence
    assert "12.0 %" in sentence
    assert sentence.startswith("contended")


def test_a_record_without_such_notes_has_no_reasons():
    assert said(2) == ()
    assert not contention.decides(where(2))


def test_a_contended_record_says_by_what(make_record):
    busy = make_record("a", warnings=("hot.", "contended: others.", "contended: steal."))
    assert busy.contended
    assert contention.seen_in(busy) == "others; steal"
    assert not make_record("a", warnings=("it is contended here.",)).contended
