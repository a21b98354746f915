"""AOTInductor as an engine: what it answers, that it leaves no files, and what is said without a compiler."""

import os
import re
import tempfile
from pathlib import Path

import pytest
import torch
from exported_nets import Looking, answers_for_what_is_there_now, mixed
from torch import nn
from torch._inductor.exc import CppCompileError, InvalidCxxCompiler

from lightbench.engines import aoti as engine
from lightbench.errors import MissingPackage, ModelError, NotAvailable

pytestmark = pytest.mark.slow


def test_it_answers_for_what_is_in_the_tensors_now_and_leaves_no_files(
    compiler, tmp_path, monkeypatch
):
    network, args, keywords, tensors = mixed()
    model = engine.convert(network, args, keywords)
    assert model.startswith(b"PK")  # an archive
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    before = dict(os.environ)
    program = engine.load(model, tensors, threads=1)
    assert list(tmp_path.iterdir()) == []
    assert dict(os.environ) == before
    answers_for_what_is_there_now(program, network.eval(), args, keywords)


def test_what_is_compiled_lies_in_a_folder_that_goes_with_it(tmp_path, monkeypatch):
    seen = []

    def compiled(_program, *, package_path):
        folder = engine.config.aot_inductor.output_path
        seen.append((folder, Path(folder).is_dir()))
        package_path.write(b"made")

    monkeypatch.setattr(torch._inductor, "aoti_compile_and_package", compiled)
    assert engine.convert(nn.ReLU(), (torch.ones(2),), {}) == b"made"
    ((folder, was_there),) = seen
    assert was_there
    assert not Path(folder).exists()
    assert engine.config.aot_inductor.output_path == ""


@pytest.mark.parametrize(
    ("raised", "means", "said", "hint"),
    [
        (InvalidCxxCompiler(), MissingPackage, "AOTInductor finds no C[+][+] compiler", "Install g[+][+]"),
        (
            CppCompileError(["g++"], "a.cpp:1:2: fatal error: Python.h: no such file\nmore"),
            NotAvailable,
            "AOTInductor cannot use this C[+][+] compiler: a.cpp:1:2: fatal error: Python.h",
            "g[+][+] 9 or newer",
        ),
        (ValueError("no"), ModelError, "ReLU cannot be compiled: ValueError: no", "Try --engine eager"),
    ],
)  # fmt: skip
def test_what_goes_wrong_in_the_compiler_is_told_as_of_torch_compile(
    monkeypatch, raised, means, said, hint
):
    def fails(*_args, **_how):
        raise raised

    monkeypatch.setattr(torch._inductor, "aoti_compile_and_package", fails)
    with pytest.raises(means, match=said) as error:
        engine.convert(nn.ReLU(), (torch.ones(2),), {})
    assert re.search(hint, error.value.hint)


def test_what_cannot_be_exported_says_why_and_what_to_do():
    with pytest.raises(ModelError, match="Looking cannot be exported: ") as raised:
        engine.convert(Looking(), (torch.ones(2),), {})
    assert raised.value.hint == "Try --engine eager."


def test_a_file_is_for_the_compiler_and_the_threads_it_was_made_with(compiler):
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        one = engine.made_with()
        torch.set_num_threads(2)
        assert engine.made_with() != one
    finally:
        torch.set_num_threads(threads)
    assert one.endswith(" 1")
