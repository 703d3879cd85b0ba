"""A fully connected layer: every output reads every input, with weights that make a matrix."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from cnnexplain.errors import ArgumentError, shown, whole
from cnnexplain.figures import dense_plan
from cnnexplain.figures.dense_plan import NODE, SIGN
from cnnexplain.figures.figure import Figure, moving, told
from cnnexplain.figures.hatching import dense as weights
from cnnexplain.figures.layers import counted
from cnnexplain.figures.motion import Sweep
from cnnexplain.figures.sheet import ROOM, SWATCH, Sheet, most_lines, sentence
from cnnexplain.figures.svg import (
    HALF,
    LABEL_SIZE,
    MARGIN,
    box,
    decimal,
    element,
    grid,
    label,
    rectangle,
)
from cnnexplain.languages import number, shape, text
from cnnexplain.operations import Linear

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnnexplain.figures.dense_plan import Plan
    from cnnexplain.figures.stage import Stage

_LARGEST = 500_000  # features in a figure
_LINED = 7  # from this size on, weights are drawn as cells
_LINE = 23


def dense(in_features: int = 9216, out_features: int = 4096, *, bias: bool = True) -> Figure:
    """Draw a fully connected layer: every output reads every input.

    Args:
        in_features: The number of inputs.
        out_features: The number of outputs.
        bias: Whether a bias is added to each output.

    Returns:
        The figure: save it, show it in a notebook, or take its SVG.

    Raises:
        ArgumentError: If an argument is not allowed, or too large to draw.

    Example:
        AlexNet's first fully connected layer:

        >>> dense(9216, 4096).title
        'Fully connected layer from 9216 to 4096 features: 37,752,832 parameters'
    """
    for name, value in (("in_features", in_features), ("out_features", out_features)):
        if whole(name, value, 1) > _LARGEST:
            raise ArgumentError(
                f"{name} of at most {_LARGEST} in a figure", f"{name}={value}", "use less"
            )
    if not isinstance(bias, bool):
        raise ArgumentError("bias as True or False", f"bias={shown(bias)}", "write bias=True")
    return _figure(Linear(int(in_features), int(out_features), bias=bias))


def _figure(layer: Linear) -> Figure:
    sheet = Sheet()
    sheet.title(lambda: _text("heading", **_sizes(layer)))
    sheet.phrases(lambda: [_text("every" if layer.bias else "each")])
    plan = dense_plan.plan(layer, sheet.y + 14)
    sheet.draw(_base(plan), plan.bottom - sheet.y)
    if not plan.exact:
        sheet.words(lambda: _text("scale"))
    sheet.key(
        [
            (partial(_text, "key.weights"), _weights_swatch),
            (partial(_text, "key.row"), _row_swatch),
        ]
    )
    top = sheet.y + 4
    steps = range(len(plan.outputs) + 1)
    most = max(most_lines(partial(_lines, plan, step)) for step in steps)
    sheet.draw("", 4 + most * _LINE)
    sheet.formula(lambda: [(_text("count"), ""), (_count(layer), "dense")])
    sweep = Sweep(1, len(steps), pace=2.0)
    still = steps[-1]
    return moving(
        _text("title", **_sizes(layer)),
        _description(plan),
        sheet.height,
        partial(_draw, sheet.drawing, plan, [_written(plan, step, top) for step in steps]),
        sweep,
        still,
        told([_told(plan, step) for step in steps], sweep),
    )


def _text(key: str, **values: object) -> str:
    return text(f"figure.dense.{key}", **values)


def _sizes(layer: Linear) -> dict[str, object]:
    return {
        "inputs": layer.in_features,
        "outputs": layer.out_features,
        "count": number(layer.parameters),
    }


def _count(layer: Linear) -> str:
    return counted(layer.parameter_formula)


def _base(plan: Plan) -> str:
    """Draw what is the same at every step."""
    parts = [_net(plan), _product(plan)]
    heading = plan.height(plan.inputs, 0) if len(plan.inputs) >= len(plan.slots) else None
    top = heading if heading is not None else plan.height(plan.slots, 0)
    y = top - NODE / 2 - 10
    parts.append(label(plan.net[0] + NODE / 2, y, _text("inputs"), "cx-input-ink cx-middle"))
    parts.append(label(plan.net[1] + NODE / 2, y, _text("outputs"), "cx-output-ink cx-middle"))
    return "".join(parts)


def _net(plan: Plan) -> str:
    """Draw inputs and outputs, and a line for each of their pairs."""
    start, end = plan.net
    lines = "".join(_pairs(plan, at) for at, output in enumerate(plan.slots) if output)
    parts = [element("path", class_="cx-dense-line", d=lines, stroke_opacity=".45")]
    for slots, x, role, side in (
        (plan.inputs, start, "input", " cx-end"),
        (plan.slots, end, "output", ""),
    ):
        nodes = dots = ""
        for at, number_ in enumerate(slots):
            y = plan.height(slots, at)
            if number_ is None:
                middle = decimal(x + NODE / 2)
                dots += f"M{middle} {decimal(y - 8)}v.01m0 8v.01m0 8v.01"
                continue
            nodes += box(x, y - NODE / 2, NODE, NODE)
            place = x - 6 if side else x + NODE + 6
            parts.append(label(place, y + 5.5, str(number_), f"cx-small{side}"))
        parts.append(element("path", class_=f"cx-{role} cx-{role}-line", d=nodes))
        if dots:
            class_ = f"cx-{role}-line"
            dotted = element("path", class_=class_, d=dots, stroke_width=3, stroke_linecap="round")
            parts.append(dotted)
    return "".join(parts)


def _pairs(plan: Plan, at: int) -> str:
    """Return the lines from all inputs to one output as path data."""
    start, end = plan.net
    end_y = decimal(plan.height(plan.slots, at))
    return "".join(
        f"M{decimal(start + NODE)} {decimal(plan.height(plan.inputs, one))}L{decimal(end)} {end_y}"
        for one, number_ in enumerate(plan.inputs)
        if number_
    )


def _product(plan: Plan) -> str:
    """Draw the matrix, with the input above it and the output beside it."""
    layer, (x, y, _, height) = plan.layer, plan.matrix
    source, result, *bias = plan.vectors
    parts = [
        weights([plan.matrix, *bias]),
        rectangle("cx-input cx-input-line", source),
        rectangle("cx-output cx-output-line", result),
    ]
    if plan.unit >= _LINED:
        xs = [x + at * plan.unit for at in range(layer.in_features + 1)]
        ys = [y + at * plan.unit for at in range(layer.out_features + 1)]
        parts.append(element("path", class_="cx-dense-line", d=grid(xs, ys)))
        parts.append(element("path", class_="cx-input-line", d=grid(xs, [source[1], y - 10])))
        for place, role in [(result, "output"), *((each, "dense") for each in bias)]:
            lines = grid([place[0], place[0] + place[2]], ys)
            parts.append(element("path", class_=f"cx-{role}-line", d=lines))
    headed = partial(text, "figure.volumes.headed")
    source_label = headed(name="x") + str(layer.in_features)
    parts.append(label(x, source[1] - 7, source_label, "cx-input-ink"))
    sizes = shape((layer.out_features, layer.in_features))
    parts.append(label(x, y + height + 20, headed(name="A") + sizes, "cx-dense-ink"))
    for place, name, role in [(result, "y", "output"), *((each, "b", "dense") for each in bias)]:
        middle = place[0] + place[2] / 2
        parts.append(label(middle, y - 8, name, f"cx-{role}-ink cx-middle"))
    signs = ["=", "+"][: 1 + len(bias)]
    for (left, *_), sign in zip((result, *bias), signs, strict=True):
        parts.append(label(left - SIGN / 2, y + height / 2 + 5, sign, "cx-middle"))
    return "".join(parts)


def _written(plan: Plan, step: int, top: float) -> str:
    """Write what a step shows."""
    return "".join(
        label(MARGIN, top + at * _LINE, line) for at, line in enumerate(_lines(plan, step), 1)
    )


def _draw(common: str, plan: Plan, written: Sequence[str], stage: Stage) -> str:
    parts = [common]
    for step, words in enumerate(written):
        drawn = _one(plan, step) if step < len(plan.outputs) else _all(plan)
        parts.append(stage.seen(drawn + words, step, step + 1))
    marks = "".join(
        element("rect", x=x - 6, y=y - 6, width=width + 12, height=height + 12, data_step=step)
        for step, (x, y, width, height) in enumerate(_marks(plan))
    )
    parts.append(element("g", marks, pointer_events="all"))
    return "".join(parts)


def _marks(plan: Plan) -> list[tuple[float, float, float, float]]:
    """Return what leads to each step: the outputs of the net, and the matrix."""
    end = plan.net[1]
    places = [
        (end, plan.height(plan.slots, at) - NODE / 2, NODE, NODE)
        for at, output in enumerate(plan.slots)
        if output
    ]
    return [*places, plan.matrix]


def _one(plan: Plan, step: int) -> str:
    """Draw how one output comes about: all inputs, a row of the matrix, a bias."""
    output, slot = plan.outputs[step], plan.slots.index(plan.outputs[step])
    y = plan.height(plan.slots, slot)
    source, result, *bias = plan.vectors
    rows = [plan.matrix, result, *bias]
    parts = [
        element("path", class_="cx-dense-line", d=_pairs(plan, slot), stroke_width=2),
        rectangle("cx-output cx-focus", (plan.net[1], y - NODE / 2, NODE, NODE)),
        rectangle("cx-focus", source),
    ]
    if plan.unit >= _LINED:
        top = plan.matrix[1] + (output - 1) * plan.unit
        cells = "".join(box(x, top, width, plan.unit) for x, _, width, _ in rows)
        parts.append(element("path", class_="cx-window", d=cells))
    else:
        middle = decimal(plan.row(output))
        lines = "".join(f"M{decimal(x)} {middle}h{decimal(width)}" for x, _, width, _ in rows)
        parts.append(element("path", class_="cx-window", d=lines))
    return "".join(parts)


def _all(plan: Plan) -> str:
    """Draw the whole: every line of the net."""
    lines = "".join(_pairs(plan, at) for at, output in enumerate(plan.slots) if output)
    return element("path", class_="cx-dense-line", d=lines, stroke_width=1.5)


def _lines(plan: Plan, step: int) -> list[str]:
    """Return what stands under the drawing at a step."""
    return [line for each in _facts(plan, step) for line in sentence(each, LABEL_SIZE, ROOM)]


def _facts(plan: Plan, step: int) -> tuple[str, str]:
    """Return what a step shows, and how many parameters that takes."""
    layer = plan.layer
    biased = "biased" if layer.bias else "plain"
    if step == len(plan.outputs):
        count = number(layer.in_features * layer.out_features)
        formula = f"{layer.in_features}·{layer.out_features} = {count}"
        values = {"weights": formula, "biases": number(layer.out_features)}
        return _text("all.told"), _text(f"all.{biased}", **values)
    values = {"inputs": number(layer.in_features), "count": number(layer.in_features + 1)}
    told = _text(f"one.told.{biased}", output=plan.outputs[step])
    return told, _text(f"one.{biased}", **values)


def _told(plan: Plan, step: int) -> str:
    told, count = _facts(plan, step)
    return _text("both", told=told, count=count)


def _description(plan: Plan) -> str:
    layer = plan.layer
    sizes = shape((layer.out_features, layer.in_features))
    sentences = [
        _text("says.net", inputs=number(layer.in_features), outputs=number(layer.out_features)),
        _text(f"says.product.{'biased' if layer.bias else 'plain'}", matrix=sizes),
        _text("says.count", formula=_count(layer)),
    ]
    if not plan.exact:
        sentences.append(_text("says.scale"))
    return text("figure.space").join(sentences)


def _weights_swatch(x: float, y: float) -> str:
    return weights([(x + HALF, y + HALF, SWATCH - 1.0, SWATCH - 1.0)], every=5.0)


def _row_swatch(x: float, y: float) -> str:
    middle = decimal(y + SWATCH / 2)
    return element("path", class_="cx-window", d=f"M{decimal(x)} {middle}h{SWATCH}")
