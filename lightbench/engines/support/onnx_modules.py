"""Which modules an engine's kernels compute, by what PyTorch's exporter writes beside each node of an ONNX model.

A node says the path of its module. A batch norm that was folded into a convolution leaves its own path there, and the
name of the weight tells that of the convolution. A node that says nothing belongs where all that read it are.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from itertools import takewhile
from typing import Any

_SCOPES = "pkg.torch.onnx.name_scopes"  # "['', 'features', 'features.0', 'relu']": modules, then the operator
# What ONNX Runtime appends to a name when it gives an operator another layout, or merges several.
_APPENDED = re.compile(r"(_nchwc|_nhwc|_token_\d+|/.*[Ff]usion.*)+$")


class Modules:
    """The nodes of an ONNX model, and the modules that they belong to. A node goes by its position."""

    def __init__(self, model: bytes) -> None:
        import onnx

        graph = onnx.load_from_string(model).graph
        self._nodes: Sequence[Any] = graph.node
        self._weights = {each.name for each in graph.initializer}
        self._by_name = {node.name: i for i, node in enumerate(graph.node)}
        self._makes = {name: i for i, node in enumerate(graph.node) for name in node.output}

    def found(self, name: str) -> int | None:
        """The node that an engine means: by its own name, or by that of a value that it makes."""
        short = _APPENDED.sub("", name)
        return next(
            (
                known[each]
                for known in (self._by_name, self._makes)
                for each in (name, short)
                if each in known
            ),
            None,
        )

    def covered(self, claims: Sequence[Iterable[str]]) -> list[tuple[int, ...]]:
        """All nodes of each kernel, of which an engine tells only some, by names of nodes and values.

        One that no kernel claims was merged: a layer with weights into what reads it, anything else into what
        has made its input; of several the latest, which is still in registers.
        """
        owner: dict[int, int] = {}
        for kernel, names in enumerate(claims):
            for node in filter(lambda each: each is not None, map(self.found, names)):
                owner.setdefault(node, kernel)  # type: ignore[arg-type]
        for i in reversed(range(len(self._nodes))):
            if i not in owner and self._weights.intersection(self._nodes[i].input):
                self._give(owner, i, self._readers.get(i, ()))
        for i, makers in enumerate(self._read):
            if i not in owner:
                self._give(owner, i, sorted(makers, reverse=True))
        nodes: list[list[int]] = [[] for _ in claims]
        for i in sorted(owner):
            nodes[owner[i]].append(i)
        return [tuple(each) for each in nodes]

    def paths(self, nodes: Iterable[int]) -> tuple[str, ...]:
        """Of the modules of some nodes, each once, in the order in which they run."""
        return tuple(dict.fromkeys(path for node in nodes for path in self._paths[node]))

    @staticmethod
    def _give(owner: dict[int, int], node: int, others: Iterable[int]) -> None:
        kernel = next((owner[other] for other in others if other in owner), None)
        if kernel is not None:
            owner[node] = kernel

    @cached_property
    def _read(self) -> list[set[int]]:
        """Node -> those that have made what it reads."""
        return [{self._makes[x] for x in node.input if x in self._makes} for node in self._nodes]

    @cached_property
    def _readers(self) -> Mapping[int, Sequence[int]]:
        readers: dict[int, list[int]] = {}
        for i, makers in enumerate(self._read):
            for maker in makers:
                readers.setdefault(maker, []).append(i)
        return readers

    @cached_property
    def _paths(self) -> list[tuple[str, ...]]:
        said = [tuple(dict.fromkeys((*_of_weights(n), *_of_scopes(n)))) for n in self._nodes]
        for i in reversed(range(len(said))):
            read_by = [path for reader in self._readers.get(i, ()) for path in said[reader]]
            if not said[i] and read_by:
                said[i] = (_around(read_by),)
        return said


def _of_weights(node: Any) -> Iterable[str]:
    return (name.rpartition(".")[0] for name in node.input if name.endswith(".weight"))


def _of_scopes(node: Any) -> Iterable[str]:
    said = next((each.value for each in node.metadata_props if each.key == _SCOPES), "[]")
    modules: list[str] = ast.literal_eval(said)
    return modules[-2:-1] or modules


def _around(paths: Sequence[str]) -> str:
    """The innermost module that all of these are in."""
    steps = zip(*(path.split(".") for path in paths), strict=False)
    return ".".join(step[0] for step in takewhile(lambda step: len(set(step)) == 1, steps))
