"""What the texts of torch's exceptions say about sizes, wherever they were copied from.

The same mistake has several texts: one of the kernel that ran, another where torch only follows
shapes (the meta device, fake tensors, `torch.export`, `torch.compile`), others in older versions.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnnexplain.diagnosis.findings import Fact, Facts


@dataclass(frozen=True, slots=True)
class Told:
    """What one of torch's texts says.

    Attributes:
        kind: What is wrong; `told` lists the kinds.
        facts: The text's numbers and shapes by what they mean.
    """

    kind: str
    facts: Facts = field(default_factory=dict, hash=False)


# What torch writes, as it writes it; where several texts end at one place, the longest counts, and
# of equally long ones the first. `{name}` is a number, `{name:last}` one that ends with its line,
# since what follows may begin with a digit, and `{name:shape}` a shape in brackets; a place without
# a name is read over. Spaces and quotes do not count: see `_squeezed`.
_TEXTS = {
    "features": (
        # What stands before "shapes" depends on the device.
        "shapes cannot be multiplied ({rows}x{came} and {wanted}x{out})",
        "size mismatch, got input ({out}), mat ({}x{wanted}), vec ({came})",
        "size mismatch, got input ({out}x{wanted}), vec ({came})",
        "a and b must have same reduction dim, but got [{rows}, {came}] X [{wanted}, {out}]",
        # The batch's size is a symbol where torch.export lets it vary.
        "a and b must have same reduction dim, but got [{:any}, {came}] X [{wanted}, {out}]",
        # Older versions; the last two are for an input without batch.
        "size mismatch, m1: [{rows} x {came}], m2: [{wanted} x {out}]",
        "size mismatch, [{out} x {wanted}], [{came}]",
        "size mismatch, got {out}, {}x{wanted},{came:last}",
    ),
    "channels": (
        (
            "Given groups={groups}, weight of size {weight:shape}, expected input{input:shape} "
            "to have {wanted} channels, but got {came} channels instead"
        ),
        (
            "Given transposed={transposed}, weight of size {weight:shape}, "
            "expected input{input:shape} to have {wanted} channels, but got {came} channels instead"
        ),
        # Older versions; some add a wrong number to the weight's shape.
        (
            "Given groups={groups}, weight{:any}expected input{input:shape} "
            "to have {wanted} channels, but got {came} channels instead"
        ),
        (
            "Given transposed={transposed}, weight{:any}expected input{input:shape} "
            "to have {wanted} channels, but got {came} channels instead"
        ),
        # The meta device.
        "Invalid channel dimensions",
    ),
    "dimensions": (
        (
            "Expected {fewest}D (unbatched) or {most}D (batched) input to {function:name}, "
            "but got input of size: {input:shape}"
        ),
        "expected {fewest}D input (got {came}D input)",
        "expected {fewest}D or {most}D input (got {came}D input)",
        "non-empty {fewest}D or {most}D (batch mode) tensor expected for input",
        (
            "Expected {fewest}D or {most}D (batch mode) tensor with optional 0 dim batch size "
            "for input, but got: {input:shape}"
        ),
        (
            "{function:pooling}: Expected {fewest}D or {most}D (batch mode) tensor with optional "
            "0 dim batch size for input, but got: {input:shape}"
        ),
        "Expected {fewest}D or {most}D tensor, but got {input:shape}",
        "{function:pooling}(): Expected {fewest}D or {most}D tensor, but got {input:shape}",
        "{function:pooling}(): Expected {fewest}D or {most}D tensor, but got: {input:shape}",
        (
            "Expected {fewest} to {most} dimensions, but got {came}-dimensional tensor "
            "for argument #1 'self' (while checking arguments for {function:name})"
        ),
        # Older versions.
        (
            "Expected {fewest}-dimensional input for {}-dimensional weight {:any}, "
            "but got {:any}input of size {input:shape} instead"
        ),
    ),
    "kernel": (
        (
            "Calculated padded input size per channel: {padded:shape}. "
            "Kernel size: {kernel:shape}. Kernel size can't be greater than actual input size"
        ),
    ),
    "empty": (
        (
            "Given input size: {input:shape}. Calculated output size: {output:shape}. "
            "Output size is too small"
        ),
        (
            "Given input size per channel: {input:shape}. "
            "Calculated output size per channel: {output:shape}. Output size is too small"
        ),
    ),
    "cat": (
        (
            "Sizes of tensors must match except in dimension {dim}. Expected size {expected} "
            "but got size {came} for tensor number {number} in the list"
        ),
        (
            "Sizes of tensors must match except in dimension {dim}. Expected {expected} "
            "in dimension {axis} but got {came} for tensor number {number} in the list"
        ),
        # Older versions, of which some tell the tensor's number.
        (
            "Sizes of tensors must match except in dimension {dim}. Got {expected} and {came} "
            "in dimension {axis:last}"
        ),
        (
            "Sizes of tensors must match except in dimension {dim}. Got {expected} and {came} "
            "in dimension {axis} (The offending index is {number})"
        ),
    ),
    "cat_dimensions": (
        "Tensors must have same number of dimensions: got {expected} and {came:last}",
        (
            "Number of dimensions of tensors must match. Expected {expected}-D tensors, "
            "but got {came}-D for tensor number {number} in the list"
        ),
    ),
    "stack": (
        (
            "stack expects each tensor to be equal size, but got {expected:shape} at entry 0 "
            "and {came:shape} at entry {number:last}"
        ),
        "stack expects each tensor to be equal size, but got {expected:shape} at entry 0",
    ),
    "broadcast": (
        (
            "The size of tensor a ({a}) must match the size of tensor b ({b}) "
            "at non-singleton dimension {dim:last}"
        ),
        (
            "The expanded size of the tensor ({a}) must match the existing size ({b}) "
            "at non-singleton dimension {dim:last}"
        ),
        (
            "Attempting to broadcast a dimension of length {b} at {dim}! "
            "Mismatching argument at index {} had {:shape}; "
            "but expected shape should be broadcastable to {expected:shape}"
        ),
        "expand: attempting to expand a dimension of length {b} -> {a}!",
    ),
    "view": ("shape '{sizes:shape}' is invalid for input of size {count:last}",),
    "not_contiguous": (
        "view size is not compatible with input tensor's size and stride",
        (
            "Cannot view a tensor with shape {input:shape} and strides {strides:shape} "
            "as a tensor with shape {sizes:shape}"
        ),
    ),
    "batch_norm": ("{:statistic} should contain {came} elements not {wanted:last}",),
    "instance_norm": (
        ("expected input's size at dim={} to match num_features ({wanted}), but got: {came:last}"),
    ),
    "group_norm": (
        (
            "Expected number of channels in input to be divisible by num_groups, "
            "but got input of shape {input:shape} and num_groups={num_groups:last}"
        ),
        (
            "Expected weight to be a vector of size equal to the number of channels in input, "
            "but got weight of shape {weight:shape} and input of shape {input:shape}"
        ),
    ),
    "layer_norm": (
        (
            "Given normalized_shape={normalized_shape:shape}, expected input with shape {:any}, "
            "but got input of size {input:shape}"
        ),
    ),
    "same_stride": ("padding='same' is not supported for strided convolutions",),
    "pool_padding": (
        (
            "pad should be at most half of effective kernel size, "
            "but got pad={padding}, kernel_size={kernel_size} and dilation={dilation:last}"
        ),
        (
            "padding should be at most half of kernel size, "
            "but got padding={padding} and kernel_size={kernel_size:last}"
        ),
        # Older versions.
        (
            "pad should be at most half of kernel size, "
            "but got pad={padding} and kernel_size={kernel_size:last}"
        ),
    ),
    "target_batch": ("Expected input batch_size ({came}) to match target batch_size ({wanted})",),
    "one_value": (
        "Expected more than 1 value per channel when training, got input size {input:shape}",
        "Expected more than 1 spatial element when training, got input size {input:shape}",
    ),
    "flatten_axes": (
        "Dimension out of range (expected to be in range of [{lowest}, {highest}], but got {came})",
    ),
}

# A terminal breaks a number over two lines; between two numbers stands more. Where whitespace is
# dropped these two marks keep them apart.
_BROKEN, _APART = "⏎", "␣"
_INTEGER = rf"-?[0-9][0-9{_BROKEN}]{{0,20}}"
# All are bounded, so that no text takes long.
_PLACES = {
    "": _INTEGER,
    "last": "-?[0-9]{1,20}",
    "shape": r"(?:torch\.Size\()?[\[(]"
    rf"(?:{_INTEGER}(?:[,x{_APART}]{_INTEGER}){{0,63}},?)?[\])]\)?",
    "name": r"\w{1,40}",
    "pooling": r"(?:adaptive_)?(?:avg|max)_pool[123]d",
    "statistic": "(?:running_mean|running_var|weight|bias)",
    "any": ".{0,200}?",
}
_PLACE = re.compile(r"\{(\w*):?(\w*)\}")

# Quotes become curly in a forum and are escaped in a repr; a panel of rich is drawn around lines.
_DROPPED = dict.fromkeys(map(ord, "'\"`´‘’“”„«»\\\u200b\u200c\u200d\u2060\ufeff\u00ad│┃║"))
_WRITTEN_OTHERWISE = _DROPPED | str.maketrans("×−‐‑–", "x----")
# Also without the escape character, which many places drop.
_COLOURS = re.compile(r"(?:\x1b|\\x1b|\\u001b|\\033)?\[[0-9;]*m")
_QUOTED_LINES = re.compile(r"^[ \t>|]+", re.MULTILINE)
_LINE_BREAK_IN_NUMBER = re.compile(r"(?<=[0-9])\r?\n(?=[0-9])")
_SPACE_BETWEEN_NUMBERS = re.compile(r"(?<=[0-9])\s+(?=[0-9])")


def _squeezed(text: str) -> str:
    r"""Return a text without all that copying changes: colours, quotes, whitespace.

    Example:
        >>> _squeezed("shape ‘[-1, 20\n48]’ is\u00a0invalid for input of size 3136\n\n2 errors")
        'shape[-1,20⏎48]isinvalidforinputofsize3136␣2errors'
    """
    text = _COLOURS.sub("", text).translate(_WRITTEN_OTHERWISE)
    text = _QUOTED_LINES.sub("", text)
    text = _LINE_BREAK_IN_NUMBER.sub(_BROKEN, text)
    text = _SPACE_BETWEEN_NUMBERS.sub(_APART, text)
    return "".join(text.split())


def _pattern(text: str) -> re.Pattern[str]:
    """Return what finds one of torch's texts in a squeezed one."""
    first, *rest = _PLACE.split(text)
    parts = [re.escape(_squeezed(first))]
    for name, what, words in zip(rest[::3], rest[1::3], rest[2::3], strict=True):
        place = _PLACES[what]
        parts += [f"(?P<{name}>{place})" if name else place, re.escape(_squeezed(words))]
    return re.compile("".join(parts), re.ASCII)


# The kind that each of torch's texts is of, what finds it, and what it names.
_PATTERNS = tuple(
    (kind, _pattern(text), tuple((name, what) for name, what in _PLACE.findall(text) if name))
    for kind, texts in _TEXTS.items()
    for text in texts
)


def _value(found: str, what: str) -> Fact:
    found = found.replace(_BROKEN, "")
    match what:
        case "shape":
            return tuple(map(int, re.findall("-?[0-9]+", found)))
        case "" | "last":
            return int(found)
    return found


def _completed(kind: str, facts: dict[str, Fact]) -> dict[str, Fact] | None:
    """Return facts with what follows from them; None where they contradict each other."""
    if kind == "dimensions":
        facts = {"most": facts["fewest"], **facts}
        if isinstance(shape := facts.get("input"), tuple):
            facts["came"] = len(shape)
        return facts
    if kind == "group_norm":
        match facts:
            case {"input": (_, channels, *_), "weight": (wanted,)}:
                return {**facts, "came": channels, "wanted": wanted}
            case {"input": (_, channels, *_), "num_groups": _}:
                return {**facts, "came": channels}
        return None
    match facts:
        case {"b": size, "dim": int(dim), "expected": tuple(shape)}:
            # On the meta device the axis is counted from the end.
            known = -len(shape) <= dim < 0
            return {"a": shape[dim], "b": size, "dim": len(shape) + dim} if known else None
    return facts


def told(message: str) -> Told | None:
    """Return what torch says about sizes in a text, such as a whole traceback.

    The kinds, and their facts (those in parentheses are only in some of the texts):

    - `features`: a matrix product of `came` features by a weight that takes `wanted` and makes
      `out`, for (`rows`) at once.
    - `channels`: an `input` with `came` channels where the `weight` takes `wanted`, in (`groups`),
      or (`transposed`, which is 1). Nothing on the meta device.
    - `dimensions`: (`came`) axes, of the (`input`), where `fewest` to `most` would do, for a
      (`function`).
    - `kernel`: a `kernel`, with the gaps of its dilation, larger than the `padded` input.
    - `empty`: an `input` whose `output` would be empty; with channels for a pooling, without them
      for a transposed convolution.
    - `cat`: along `dim`, the tensor with the (`number`), counted from 0, has `came` where the first
      has `expected`, on the (`axis`).
    - `cat_dimensions`: it has `came` axes, and the first `expected`; (`number`).
    - `stack`: it has the shape (`came`), and the first `expected`; (`number`).
    - `broadcast`: sizes `a` and `b` on the axis (`dim`).
    - `view`: `sizes` asked for, -1 if one is to be found, and the `count` of values there are.
    - `not_contiguous`: a view that the memory does not allow: (`input`, `strides`, `sizes`).
    - `batch_norm`: `came` channels for a layer with `wanted`. The same text comes from an instance
      norm that tracks, and then both are multiplied by the batch's size.
    - `instance_norm`: `came` channels for one with learned parameters for `wanted`.
    - `group_norm`: `came` channels of the `input`, for (`num_groups`), or for a layer with
      (`wanted`) and its (`weight`).
    - `layer_norm`: an `input` whose last axes are not `normalized_shape`.
    - `same_stride`: padding="same" with a stride; no facts.
    - `pool_padding`: more `padding` than half the `kernel_size`; (`dilation`).
    - `target_batch`: a loss of `came` outputs for `wanted` targets.
    - `one_value`: an `input` with one value per channel, which has no variance.
    - `flatten_axes`: an axis `came` outside of `lowest` to `highest`; of some poolings too, whose
      input has too few axes.

    Args:
        message: The text of an exception, or a longer text with it: a traceback, the output of a
            notebook with its colours, one that was broken over lines, or has lost its spaces.

    Returns:
        What the last of torch's texts in it says; None where no text of torch is about sizes.

    Example:
        >>> told("mat1 and mat2 shapes cannot be multiplied (1x30976 and 9216x4096)")
        Told(kind='features', facts={'rows': 1, 'came': 30976, 'wanted': 9216, 'out': 4096})
        >>> told("CUDA out of memory.") is None
        True
    """
    squeezed = _squeezed(message)
    last: Told | None = None
    best = (-1, 0)
    for kind, pattern, places in _PATTERNS:
        for match in pattern.finditer(squeezed):
            if (place := (match.end(), -match.start())) <= best:
                continue
            facts = _completed(kind, {name: _value(match[name], what) for name, what in places})
            if facts is not None:
                best, last = place, Told(kind, facts)
    return last
