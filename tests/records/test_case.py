"""A case of which little is said is the usual one, and what cannot be run is none."""

from __future__ import annotations

import pytest

from lightbench.errors import UsageError
from lightbench.records import Case, InputSpec
from lightbench.records.inputs import Named

IMAGE = (InputSpec(shape=(3, 8, 8)),)


def test_what_is_not_said_is_one_image_at_a_time_as_pytorch_runs_it_on_the_cpu():
    case = Case(model="net", inputs=IMAGE)
    assert (case.batch, case.device, case.engine) == (1, "cpu", "eager")
    assert (case.dtype, case.mode, case.layout) == ("float32", "infer", "contiguous")
    assert (case.threads, case.options) == (None, ())


def test_a_case_has_a_batch_and_threads_of_one_or_more():
    assert Case(model="net", inputs=IMAGE, batch=1, threads=1).threads == 1
    for name in ("batch", "threads"):
        for few in (0, -1):
            with pytest.raises(UsageError, match=rf"1 or more, got {few}\.") as caught:
                Case(model="net", inputs=IMAGE, **{name: few})
            assert caught.value.hint == f"Try --{name} 1."


def test_a_case_is_what_a_network_can_be_called_with():
    mask = Named(name="mask", of=IMAGE[0])
    assert Case(model="net", inputs=(*IMAGE, mask)).inputs[1] is mask
    for wrong in ((mask, *IMAGE), (mask, mask)):
        with pytest.raises(UsageError, match="name"):
            Case(model="net", inputs=wrong)


def test_a_batch_has_an_input_that_it_makes_larger():
    alone = (InputSpec(shape=(64,), batch_at=None),)
    assert Case(model="net", inputs=alone, batch=1).batch == 1
    assert Case(model="net", inputs=(*alone, *IMAGE), batch=2).batch == 2
    for inputs in (alone, ()):
        with pytest.raises(UsageError, match="a batch of 2 does not apply"):
            Case(model="net", inputs=inputs, batch=2)


def test_the_case_of_a_time_has_no_options_by_which_something_else_is_measured():
    plain = Case(model="net", inputs=IMAGE, options=("flush-denormal",))
    beside = Case(model="net", inputs=IMAGE, options=("energy", "flush-denormal", "h2d", "memory"))
    assert beside.timed == plain.timed == plain
