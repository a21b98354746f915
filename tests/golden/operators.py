"""Calls of many operators: what is run with values and without, and must cost the same."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from call import image
from torch import nn

X = image(4, 6)
SEQUENCE = image(2, 4, 6)


# What is called on X; tensors that it needs besides are made from X or are constants.
CALLS = {
    "mm": lambda x: x @ x.t(),
    "add": lambda x: x + 1,
    "addmm_": lambda x: x.new_zeros(4, 4).addmm_(x, x.t()),
    "addmv": lambda x: torch.addmv(x[:, 0], x, x[0]),
    "addr": lambda x: torch.addr(x @ x.t(), x[:, 0], x[:, 1]),
    "outer": lambda x: torch.outer(x[0], x[1]),
    "einsum": lambda x: torch.einsum("ij,kj->ik", x, x),
    "tensordot": lambda x: torch.tensordot(x, x, dims=([1], [1])),
    "kron": lambda x: torch.kron(x, x),
    "chain_matmul": lambda x: torch.linalg.multi_dot([x, x.t(), x]),
    "matrix_power": lambda x: torch.matrix_power(x @ x.t(), 3),
    "bilinear": lambda x: F.bilinear(x, x, x.new_ones(3, 6, 6), x.new_ones(3)),
    "linear": lambda x: F.linear(x, x.new_ones(3, 6), x.new_ones(3)),
    "linear of three dimensions": lambda x: F.linear(x[None].expand(2, 4, 6), x.new_ones(3, 6)),
    "conv1d": lambda x: F.conv1d(x[None], x.new_ones(2, 4, 3), padding=1),
    "conv of the same size": lambda x: F.conv1d(x[None], x.new_ones(2, 4, 3), padding="same"),
    "conv_transpose1d": lambda x: F.conv_transpose1d(x[None], x.new_ones(4, 2, 3)),
    "conv_tbc": lambda x: torch.conv_tbc(x[:, None], x.new_ones(3, 6, 5), x.new_ones(5), 1),
    "unfold": lambda x: F.unfold(x[None, None], 3),
    "batch_norm": lambda x: F.batch_norm(x, x.new_zeros(6), x.new_ones(6)),
    "batch_norm by the batch": lambda x: torch.ops.aten._batch_norm_with_update(
        x, x.new_ones(6), x.new_ones(6), x.new_zeros(6), x.new_ones(6), 0.1, 1e-5
    )[0],
    "layer_norm": lambda x: F.layer_norm(x, (6,), x.new_ones(6), x.new_ones(6)),
    "group_norm": lambda x: F.group_norm(x, 2, x.new_ones(6), x.new_ones(6)),
    "instance_norm": lambda x: F.instance_norm(x[None]),
    "rms_norm": lambda x: F.rms_norm(x, (6,)),
    "local_response_norm": lambda x: F.local_response_norm(x[None], 2),
    "weight_norm": lambda x: torch._weight_norm(x, x.norm(dim=1, keepdim=True)),
    "cosine_similarity": lambda x: F.cosine_similarity(x, x + 1),
    "pairwise_distance": lambda x: F.pairwise_distance(x, x + 1),
    "cdist": lambda x: torch.cdist(x, x),
    "max_pool1d": lambda x: F.max_pool1d(x[None], 2),
    "max_pool2d": lambda x: F.max_pool2d(x[None], 2),
    "max_pool with indices": lambda x: F.max_pool2d(x[None], 2, return_indices=True)[0],
    "avg_pool1d": lambda x: F.avg_pool1d(x[None], 2),
    "avg_pool2d": lambda x: F.avg_pool2d(x[None], 2),
    "adaptive_avg_pool2d": lambda x: F.adaptive_avg_pool2d(x[None], 1),
    "adaptive_max_pool2d": lambda x: F.adaptive_max_pool2d(x[None], 2),
    "lp_pool1d": lambda x: F.lp_pool1d(x[None], 2, 2),
    "softmax": lambda x: x.softmax(-1),
    "log_softmax": lambda x: F.log_softmax(x, -1),
    "gumbel": lambda x: F.softmin(x, -1),
    "relu6": F.relu6,
    "hardswish": F.hardswish,
    "glu": F.glu,
    "prelu": lambda x: F.prelu(x, x.new_ones(1)),
    "gelu": F.gelu,
    "logsigmoid": F.logsigmoid,
    "interpolate": lambda x: F.interpolate(x[None, None], scale_factor=2, mode="bilinear"),
    "grid_sample": lambda x: F.grid_sample(x[None, None], x.new_zeros(1, 3, 3, 2), align_corners=False),
    "affine_grid": lambda x: F.affine_grid(x[None, :2, :3], [1, 1, 4, 4], align_corners=False),
    "pad": lambda x: F.pad(x[None], (1, 1), mode="reflect"),
    "pixel_shuffle": lambda x: F.pixel_shuffle(x[None, :, :, None], 2),
    "roll": lambda x: x.roll(1, 0),
    "flip": lambda x: x.flip(0),
    "cat": lambda x: torch.cat([x, x]),
    "stack": lambda x: torch.stack([x, x]),
    "repeat": lambda x: x.repeat(2, 1),
    "repeat_interleave": lambda x: x.repeat_interleave(2, 0),
    "meshgrid": lambda x: torch.meshgrid(x[0], x[1], indexing="ij")[0] + 0,
    "tril_": lambda x: (x + 0).tril_(),
    "masked_fill_": lambda x: (x + 0).masked_fill_(x > 0, 0.0),
    "where": lambda x: torch.where(x > 0, x, 0.0),
    "index": lambda x: x[torch.tensor([2, 0])],
    "index of a column": lambda x: x[:, torch.tensor([2, 0])],
    "index_select": lambda x: x.index_select(0, torch.tensor([2, 0])),
    "gather": lambda x: x.gather(1, torch.zeros(4, 2, dtype=torch.int64)),
    "take_along_dim": lambda x: x.take_along_dim(torch.zeros(4, 2, dtype=torch.int64), 1),
    "index_put_": lambda x: (x + 0).index_put_((torch.tensor([2, 0]),), x[:2]),
    "index_copy_": lambda x: (x + 0).index_copy_(0, torch.tensor([2, 0]), x[:2]),
    "index_add_": lambda x: (x + 0).index_add_(0, torch.tensor([2, 0]), x[:2]),
    "index_add_ to nothing": lambda x: (x[:0] + 0).index_add_(0, torch.tensor([], dtype=torch.int64), x[:0]),
    "index_fill_": lambda x: (x + 0).index_fill_(0, torch.tensor([2, 0]), 0.0),
    "scatter_": lambda x: (x + 0).scatter_(0, torch.zeros(1, 6, dtype=torch.int64), x[:1]),
    "scatter_add_": lambda x: (x + 0).scatter_add_(0, torch.zeros(1, 6, dtype=torch.int64), x[:1]),
    "embedding": lambda x: F.embedding(torch.tensor([2, 0]), x),
    "embedding_bag": lambda x: F.embedding_bag(torch.tensor([[2, 0]]), x),
    "one_hot": lambda x: F.one_hot(torch.tensor([2, 0]), 4) + x[0, :1],
    "cumsum_": lambda x: (x + 0).cumsum_(0),
    "topk": lambda x: x.topk(2)[0],
    "sort": lambda x: x.sort()[0],
    "var": lambda x: x.var(0),
    "norm": lambda x: x.norm(),
    "normalize": F.normalize,
    "logcumsumexp": lambda x: x.logcumsumexp(0),
    "mse_loss": lambda x: F.mse_loss(x, x),
    "cross_entropy": lambda x: F.cross_entropy(x, x.softmax(-1)),
    "inv": lambda x: torch.linalg.inv(x[:, :4]),
    "rfft": lambda x: torch.fft.rfft(x).abs(),
    "stft": lambda x: torch.stft(x, 4, window=x.new_ones(4), return_complex=True).abs(),
    "complex": lambda x: torch.complex(x, x).abs(),
    "type": lambda x: x.double().float(),
    "half": lambda x: x.half() * 2,
    "attention": lambda x: F.scaled_dot_product_attention(x[None, None], x[None, None], x[None, None]),
    "attention of three dimensions": lambda x: F.scaled_dot_product_attention(x[None], x[None], x[None]),
    "attention with a mask": lambda x: F.scaled_dot_product_attention(
        x[None, None], x[None, None], x[None, None], x.new_ones(4, 4) > 0
    ),
    "causal attention": lambda x: F.scaled_dot_product_attention(
        x[None, None], x[None, None], x[None, None], is_causal=True
    ),
    "attention of other values": lambda x: F.scaled_dot_product_attention(
        x[None, None], x[None, None], x[None, None, :, :2]
    ),
    "attention of one query for all": lambda x: F.scaled_dot_product_attention(
        x[None, None], x.expand(3, 2, 4, 6), x.expand(3, 2, 4, 6)
    ),
    "attention of grouped queries": lambda x: F.scaled_dot_product_attention(
        x.expand(1, 4, 4, 6), x.expand(1, 2, 4, 6), x.expand(1, 2, 4, 6), enable_gqa=True
    ),
    "lstm cell": lambda x: torch.lstm_cell(
        x, (x[:, :3], x[:, 3:]), x.new_ones(12, 6), x.new_ones(12, 3), x.new_ones(12), x.new_ones(12)
    )[0],
    "gru cell": lambda x: torch.gru_cell(
        x, x[:, :3], x.new_ones(9, 6), x.new_ones(9, 3), x.new_ones(9), x.new_ones(9)
    ),
}  # fmt: skip

# Layers, called on as many SEQUENCEs.
LAYERS = {
    "LSTM": (lambda: nn.LSTM(6, 5), 1),
    "GRU": (lambda: nn.GRU(6, 5, bidirectional=True), 1),
    "RNN": (lambda: nn.RNN(6, 5, num_layers=2), 1),
    "Linear": (lambda: nn.Linear(6, 5), 1),
    "encoder": (lambda: nn.TransformerEncoderLayer(6, 2, 8), 1),
    "batched encoder": (lambda: nn.TransformerEncoderLayer(6, 2, 8, batch_first=True), 1),
    "decoder": (lambda: nn.TransformerDecoderLayer(6, 2, 8), 2),
    "BatchNorm1d": (lambda: nn.BatchNorm1d(4), 1),
    "Bilinear": (lambda: nn.Bilinear(6, 6, 5), 2),
}
