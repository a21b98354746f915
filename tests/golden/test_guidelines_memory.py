"""The memory access of the guideline experiments is what the formulas of the ShuffleNet V2 paper give."""

from __future__ import annotations

import math

import pytest
from guideline_points import G1, G2, G3, G4, HW, WIDTHS, costs, counted, guideline, points
from hypothesis import given, settings
from hypothesis import strategies as st

# Memory access: section 2 of the paper. Counted on the networks; the formulas are written out here.


@pytest.mark.parametrize("set_", ["aligned", "paper-gpu", "paper-arm"])
@pytest.mark.parametrize("width", WIDTHS)
def test_the_memory_access_of_g1_is_the_papers_and_never_below_its_bound(set_, width):
    for row, point in points(G1, set_, width).items():
        c1, c2 = point.settings["c1"], point.settings["c2"]
        found = counted(point).mem_access
        assert found == 20 * (HW * (c1 + c2) + c1 * c2)
        b = HW * c1 * c2
        least = 20 * (2 * math.sqrt(HW * b) + b / HW)
        assert guideline(G1).bound(point.settings, HW) == pytest.approx(least, rel=1e-12)
        if row == "1:1":
            assert found == pytest.approx(least, rel=1e-12)
        else:
            assert found > 1.01 * least


@settings(max_examples=40, deadline=None)
@given(
    c1=st.integers(1, 300),
    c2=st.integers(1, 300),
    side=st.integers(1, 60),
    blocks=st.integers(1, 3),
    batch=st.integers(1, 4),
)
def test_no_channels_ever_need_less_memory_access_than_the_bound(c1, c2, side, blocks, batch):
    settings = {"c1": c1, "c2": c2, "blocks": blocks}
    model = f"stack:ratio(c1={c1}, c2={c2}, blocks={blocks})"
    found = costs.__wrapped__(model, batch, (side, side)).mem_access
    bound = guideline(G1).bound(settings, batch * side * side)
    assert found >= bound * (1 - 1e-12)
    assert (found <= bound * (1 + 1e-12)) == (c1 == c2)


@pytest.mark.parametrize(("row", "printed"), [("1:2", "1.05"), ("1:6", "1.41"), ("1:12", "1.81")])
def test_the_papers_own_channels_of_g1_touch_so_much_more_memory(row, printed):
    found = {row: counted(p).mem_access for row, p in points(G1, "paper-gpu").items()}
    assert f"{found[row] / found['1:1']:.2f}" == printed


@pytest.mark.parametrize(("row", "printed"), [("g=2", "1.40"), ("g=4", "1.98"), ("g=8", "2.78")])
def test_the_papers_own_channels_of_g2_touch_so_much_more_memory(row, printed):
    found = {row: counted(p).mem_access for row, p in points(G2, "paper-gpu").items()}
    assert f"{found[row] / found['g=1']:.2f}" == printed


@pytest.mark.parametrize("set_", ["aligned", "paper-gpu", "paper-arm"])
@pytest.mark.parametrize("width", WIDTHS)
def test_the_memory_access_of_g2_grows_with_the_groups_as_the_paper_says(set_, width):
    """hw(c1 + c2) + c1 c2 / g with c1 = c2 = c, ten times."""
    for point in points(G2, set_, width).values():
        c, g = point.settings["c"], point.settings["groups"]
        assert counted(point).mem_access == 10 * (2 * HW * c + c * c // g)


@pytest.mark.parametrize("set_", ["aligned", "paper-gpu", "paper-arm"])
@pytest.mark.parametrize("width", WIDTHS)
def test_fragments_read_and_write_their_maps_each_and_parallel_ones_are_added(set_, width):
    for point in points(G3, set_, width).values():
        c, n, parallel = (point.settings[k] for k in ("c", "n", "parallel"))
        found = counted(point)
        assert found.mem_access == 10 * n * (2 * HW * c + c * c)
        additions = 10 * (n - 1) if parallel else 0  # each reads two maps and writes one
        assert found.mem_bytes == 4 * (found.mem_access + additions * 3 * HW * c)
        assert found.madds == 10 * n * HW * c * c


@pytest.mark.parametrize("geometry", ["quarter", "uniform", "wide"])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("set_", ["aligned", "paper-gpu"])
def test_element_wise_operators_have_no_madds_but_move_maps(geometry, width, set_):
    """Of ten blocks 1x1, 3x3, 1x1; ReLU works in place, the addition reads two maps and writes one."""
    rows = points(G4, set_, width, geometry=geometry)
    for row, point in rows.items():
        c = point.settings["c"]
        outside, inside = {"quarter": (c, c // 4), "uniform": (c, c), "wide": (4 * c, c)}[geometry]
        found = counted(point)
        assert found.madds == 10 * HW * (2 * outside * inside + 9 * inside * inside)
        maps = 2 * (outside + inside) + 2 * inside
        filters = 2 * outside * inside + 9 * inside * inside
        assert found.mem_access == 10 * (HW * maps + filters)
        moved = {"both": (1, 1), "ReLU": (1, 0), "shortcut": (0, 1), "neither": (0, 0)}[row]
        relus = 2 * (2 * inside + outside) * moved[0]
        additions = 3 * outside * moved[1]
        assert found.mem_bytes == 4 * (found.mem_access + 10 * HW * (relus + additions))


def test_another_geometry_is_another_set_of_channels_so_that_the_two_are_never_mixed():
    sweeps = [guideline(G4).sweep("aligned", 1, geometry=g) for g in ("quarter", "uniform", "wide")]
    assert len({sweep.channels for sweep in sweeps}) == 3
    assert all(sweep.channels.split()[0] == "aligned" for sweep in sweeps)
