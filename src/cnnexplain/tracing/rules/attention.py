"""Attention, written by torch itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from cnnexplain.operations import joining
from cnnexplain.operations.base import Opaque
from cnnexplain.tracing.rules.registry import computed, rule

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnnexplain.tracing.recorder import Recorder


@rule("F.scaled_dot_product_attention")
def _attention(
    rec: Recorder,
    func: Any,
    query: Any,
    key: Any,
    value: Any,
    attn_mask: Any = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: Any = None,
    enable_gqa: bool = False,
) -> Any:
    three = [query, key, value]
    if (
        is_causal
        or enable_gqa
        or any(rec.number(each) is None for each in three)
        or computed(rec, attn_mask)
    ):
        return NotImplemented
    args = (query, key, value, attn_mask, dropout_p, is_causal)
    return rec.add(joining.Attention(), func, args, {"scale": scale}, inputs=three)


@rule("F.multi_head_attention_forward")
def _multi_head(
    rec: Recorder,
    func: Any,
    query: Any,
    key: Any,
    value: Any,
    embed_dim_to_check: int,
    num_heads: int,
    *args: Any,
    **kwargs: Any,
) -> Any:
    distinct: list[Any] = []
    for each in (query, key, value):
        if not any(each is other for other in distinct):
            distinct.append(each)
    if any(rec.number(each) is None for each in distinct) or computed(rec, kwargs.get("attn_mask")):
        return NotImplemented
    numbers = [rec.number(each) for each in distinct]
    if len(set(numbers)) < len(numbers):
        distinct = [each for at, each in enumerate(distinct) if numbers.index(numbers[at]) == at]
    known = [rec.number(each) for each in distinct]
    roles = tuple(known.index(rec.number(each)) for each in (query, key, value))
    operation = joining.MultiheadAttention(
        embed_dim_to_check,
        num_heads,
        (roles[0], roles[1], roles[2]),
        key.shape[-1],
        value.shape[-1],
    )
    everything = (query, key, value, embed_dim_to_check, num_heads, *args)
    weights = None
    if rec.by_values:
        output, weights = func(*everything, **kwargs)
        result = rec.add(operation, func, everything, kwargs, inputs=distinct, result=output)
    else:
        result = rec.add(operation, func, everything, kwargs, inputs=distinct)
        if kwargs.get("need_weights", True):
            size = (query.shape[0], key.shape[0])
            shape = (*query.shape[1:-1], *size)
            weights = torch.empty(shape, dtype=query.dtype, device="meta")
    if weights is not None:
        _weights_of(rec, func, weights, distinct)
    return result, weights


def _weights_of(rec: Recorder, func: Any, weights: Any, distinct: Sequence[Any]) -> None:
    # Most modules throw the weights away, and then they are no row of the table.
    def record() -> int:
        operation = Opaque(
            "attention weights", tuple(weights.shape), 0, "run" if rec.by_values else "meta"
        )
        return rec.insert(operation, func, weights, distinct)

    rec.later(weights, record)
