"""`lightbench train`: what is told before minutes of training, not after."""

from __future__ import annotations

import pytest

from lightbench.studies.train import api


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("-o", "answer"), "no format is known for the file name 'answer'"),
        (("--format", "jsn"), "no format is called 'jsn'"),
        (("--figure", "curves.doc"), "cannot draw into 'curves.doc'"),
    ],
)
def test_an_answer_that_cannot_be_written_is_refused_before_anything_is_trained(
    words, said, lightbench, monkeypatch, tmp_path
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(api, "train", lambda *_, **__: pytest.fail("it was trained"))
    answer = lightbench("train", "mobilenet_v1_cifar", "--data", "digits", *words)
    assert answer.code == 2
    assert said in answer.err
