"""What a tensor or a packed weight really holds: a sparse one its values and their places."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import Tensor, nn

_ROWS = (torch.sparse_csr, torch.sparse_bsr)
_COLUMNS = (torch.sparse_csc, torch.sparse_bsc)
_SPARSE = frozenset((torch.sparse_coo, *_ROWS, *_COLUMNS))

# Packed weights that cannot be unpacked -> where weight and bias stand in what they would be saved as.
_SAVED = {
    "__torch__.torch.classes.mkldnn.ConvOpContext": (0, 1),
    "__torch__.torch.classes.sparse.LinearPackedParamsBase": (9, 1),  # the stored blocks' values
}


def is_sparse(tensor: Tensor) -> bool:
    """Are only some of its elements stored?"""
    return tensor.layout in _SPARSE


def _parts(tensor: Tensor) -> tuple[Tensor, ...]:
    """Values first, then where they stand."""
    if tensor.layout is torch.sparse_coo:
        return tensor._values(), tensor._indices()
    if tensor.layout in _ROWS:
        return tensor.values(), tensor.crow_indices(), tensor.col_indices()
    return tensor.values(), tensor.ccol_indices(), tensor.row_indices()


def stored_values(tensor: Tensor) -> int:
    """Elements that have a value of their own."""
    return _parts(tensor)[0].numel() if tensor.layout in _SPARSE else tensor.numel()


def stored(tensor: Tensor) -> tuple[int, int]:
    """(elements, bytes) in memory, places of a sparse tensor included."""
    if tensor.layout is torch.strided or tensor.layout not in _SPARSE:
        elements = tensor.numel()
        return elements, elements * tensor.itemsize
    parts = _parts(tensor)
    return sum(p.numel() for p in parts), sum(p.numel() * p.itemsize for p in parts)


def unpacked(packed: Any) -> list[Tensor]:
    """Weights (and bias) of a packed quantized layer or recurrent cell; none of anything else."""
    if not isinstance(packed, torch.ScriptObject):
        return []
    script: Any = packed
    if script._has_method("unpack"):
        content = script.unpack()
        tensors = content if isinstance(content, (list, tuple)) else (content,)
        return [tensor for tensor in tensors if isinstance(tensor, Tensor)]
    if not script._has_method("__getstate__"):
        return []
    state = saved(script)
    if places := _SAVED.get(script._type().qualified_name()):
        return [state[place] for place in places if isinstance(state[place], Tensor)]
    return _state_of_a_cell(state)


def saved(packed: Any) -> Any:
    """What a packed weight would be saved as."""
    return packed._get_method("__getstate__")()


def _state_of_a_cell(state: Any) -> list[Tensor]:
    """Packed weights among what a recurrent cell would be saved as; each has its bias with it."""
    if isinstance(state, (list, tuple)):
        return [tensor for part in state for tensor in _state_of_a_cell(part)]
    return unpacked(state)


def packed_size(tensors: Iterable[Tensor]) -> tuple[int, int]:
    """(elements, bytes) of what ``unpacked`` gives. A matrix that comes back as float32 was float16."""
    elements = size = 0
    for tensor in tensors:
        elements += tensor.numel()
        halved = tensor.dtype is torch.float32 and tensor.dim() == 2
        size += tensor.numel() * (2 if halved else tensor.itemsize)
    return elements, size


def packed_weights(modules: Iterable[nn.Module]) -> tuple[int, int]:
    """(elements, bytes) of all packed weights that modules hold: they are no parameters to PyTorch."""
    held = {id(value): value for module in modules for value in _script_objects(module)}
    sizes = [packed_size(unpacked(value)) for value in held.values()]
    return sum(elements for elements, _ in sizes), sum(size for _, size in sizes)


def _script_objects(module: nn.Module) -> Iterator[Any]:
    return (value for value in vars(module).values() if isinstance(value, torch.ScriptObject))
