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
    if enable_gqa or any(rec.number(each) is None for each in three) or computed(rec, attn_mask):
        return NotImplemented
    lengths = query.shape[-2], key.shape[-2]
    if attn_mask is not None and any(
        size not in {1, length} for size, length in zip(attn_mask.shape[-2:], lengths, strict=True)
    ):
        return NotImplemented
    args = (query, key, value, attn_mask, dropout_p, is_causal)
    return rec.add(joining.Attention(causal=is_causal), func, args, {"scale": scale}, inputs=three)


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
    three = [query, key, value]
    numbers = [rec.number(each) for each in three]
    longer = args[2:3] != (None,) or args[4:5] != (False,)  # one more key, and one more value
    if None in numbers or longer or computed(rec, kwargs.get("attn_mask")):
        return NotImplemented
    known = list(dict.fromkeys(numbers))
    inputs = [three[numbers.index(number)] for number in known]
    first, second, third = map(known.index, numbers)
    operation = joining.MultiheadAttention(
        embed_dim_to_check, num_heads, (first, second, third), key.shape[-1], value.shape[-1]
    )
    everything = (*three, embed_dim_to_check, num_heads, *args)
    output = weights = None
    if rec.by_values:
        output, weights = func(*everything, **kwargs)
    elif kwargs.get("need_weights", True):
        heads = () if kwargs.get("average_attn_weights", True) else (num_heads,)
        shape = (*query.shape[1:-1], *heads, query.shape[0], key.shape[0])
        weights = torch.empty(shape, dtype=query.dtype, device="meta")
    result = rec.add(operation, func, everything, kwargs, inputs=inputs, result=output)
    if weights is not None:
        _weights_of(rec, func, weights, inputs)
    return result, weights


def _weights_of(rec: Recorder, func: Any, weights: Any, inputs: Sequence[Any]) -> None:
    # Most modules throw the weights away, and then they are no row of the table.
    def record() -> int:
        operation = Opaque(
            "attention weights", tuple(weights.shape), 0, "run" if rec.by_values else "meta"
        )
        return rec.insert(operation, func, weights, inputs)

    rec.later(weights, record)
