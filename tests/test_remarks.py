"""What is worth knowing about a network: torch, gradients and two published rules agree."""

from __future__ import annotations

from math import ceil
from typing import Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812  # as everybody calls it
from hypothesis import assume, given
from hypothesis import strategies as st
from tests import models
from torch import nn

import cnnexplain as cx
from cnnexplain.diagnosis.findings import Note
from cnnexplain.diagnosis.remarks import remarks, said
from cnnexplain.languages import LANGUAGES, catalogue, language


def notes_of(model: Any, *size: int) -> dict[str, Note]:
    """Return the notes of a network by their kinds; only padding "same" may have two."""
    trace = cx.trace(model, size)
    notes = remarks(trace.network, trace.rows, trace.input_sizes)
    found = {note.kind: note for note in notes}
    assert len(found) == len({(note.kind, note.names) for note in notes}) or "same" in found
    return found


# --- Adaptive poolings ---


def test_a_larger_picture_disappears_in_an_adaptive_pooling() -> None:
    note = notes_of(models.AlexNet(width=0.1), 3, 384, 384)["adaptive"]
    assert note.names == ("avgpool",)
    assert note.facts == {
        "input": (11, 11),
        "output": (6, 6),
        "smallest_bin": (2, 2),
        "largest_bin": (3, 3),
        "values": 1000,
        "smallest": (223, 223),
        "largest": (254, 254),
    }
    assert said(note) == (
        "Adaptive pooling (avgpool) brings maps of any size to 6×6 without an error: here one of "
        "11×11, in overlapping bins of 2×2 to 3×3 cells. The network returns a single vector of "
        "size 1,000 for the whole input, not a map of scores. For inputs from 223×223 to 254×254, "
        "the pooling would pass its map unchanged."
    )


@pytest.mark.parametrize(
    ("size", "unchanged"), [(222, False), (223, True), (254, True), (255, False)]
)
def test_the_told_sizes_are_those_that_an_adaptive_pooling_leaves_unchanged(
    size: int, *, unchanged: bool
) -> None:
    model = models.AlexNet(width=0.02)
    features = model.features(torch.rand(1, 3, size, size))
    pooled = model.avgpool(features)
    assert (features.shape == pooled.shape and torch.equal(features, pooled)) == unchanged
    assert ("adaptive" in notes_of(model, 3, size, size)) != unchanged


@given(size=st.integers(1, 20), outputs=st.integers(2, 9))
def test_bins_are_torchs(size: int, outputs: int) -> None:
    assume(size != outputs)
    facts = notes_of(nn.AdaptiveAvgPool1d(outputs), 1, size)["adaptive"].facts
    # An input that is 1 shows in the bins that hold it.
    weights = F.adaptive_avg_pool1d(torch.eye(size), outputs)
    widths = [int((column != 0).sum()) for column in weights.T]
    assert (facts["smallest_bin"], facts["largest_bin"]) == ((min(widths),), (max(widths),))
    assert (facts["smallest"], facts["largest"]) == ((outputs,), (outputs,))


@pytest.mark.parametrize(
    ("size", "says"),
    [
        ((14, 14), "here one of 14×14, in bins of 2×2 cells."),
        ((14, 15), "here one of 14×15, in overlapping bins of 2×3 cells."),
        ((12, 14), "here one of 12×14, in overlapping bins of 2×2 to 3×2 cells."),
        ((3, 14), "here one of 3×14, which is smaller, so that values repeat."),
    ],
)
def test_how_bins_lie_is_said(size: tuple[int, int], says: str) -> None:
    note = notes_of(nn.Sequential(nn.Conv2d(1, 2, 1), nn.AdaptiveMaxPool2d(7)), 1, *size)
    assert says in said(note["adaptive"])
    assert said(note["adaptive"]).endswith(
        "For an input of 7×7, the pooling would pass its map unchanged."
    )


@pytest.mark.parametrize("outputs", [1, 7, (1, None)])
def test_adaptive_poolings_that_do_nothing_or_take_all_make_no_note(outputs: Any) -> None:
    assert not notes_of(nn.AdaptiveAvgPool2d(outputs), 1, 7, 7)


class Computed(nn.Module):
    """Pads by what it sees of the size."""

    def __init__(self) -> None:
        super().__init__()
        self.pool = nn.AdaptiveAvgPool2d(3)

    def forward(self, x: torch.Tensor) -> Any:
        return self.pool(F.max_pool2d(x, x.shape[2] // 4))


def test_sizes_that_are_not_sure_are_left_out() -> None:
    for model in (Computed(), nn.Sequential(nn.Upsample((8, 8)), nn.AdaptiveAvgPool2d(3))):
        facts = notes_of(model, 1, 16, 16)["adaptive"].facts
        assert (facts["input"], "smallest" in facts) in {((4, 4), False), ((8, 8), False)}


def test_adaptive_poolings_of_the_same_sizes_share_a_note() -> None:
    model = models.Parallel(nn.AdaptiveAvgPool2d(2), nn.AdaptiveMaxPool2d(2))
    assert notes_of(model, 1, 5, 5)["adaptive"].names == ("branches.0", "branches.1")


# --- Inputs that sizes round away ---


@given(
    size=st.integers(12, 40),
    layers=st.lists(
        st.tuples(st.integers(1, 4), st.integers(1, 3), st.integers(0, 1), st.booleans()),
        min_size=1,
        max_size=3,
    ),
)
def test_pixels_that_are_said_to_have_no_effect_have_none(
    size: int, layers: list[tuple[int, int, int, bool]]
) -> None:
    made: list[nn.Module] = []
    for kernel, stride, padding, pools in layers:
        if pools:
            made.append(nn.AvgPool1d(kernel, stride, min(padding, kernel // 2)))
        else:
            made.append(nn.Conv1d(1, 1, kernel, stride, padding, bias=False))
            nn.init.ones_(made[-1].weight)  # type: ignore[arg-type]  # a convolution's
    model = nn.Sequential(*made).double()
    x = torch.zeros(1, 1, size, dtype=torch.float64, requires_grad=True)
    try:
        y = model(x)
    except RuntimeError:
        assume(condition=False)
    y.sum().backward()
    assert x.grad is not None
    reads = [index for index, each in enumerate(x.grad[0, 0].tolist()) if each]
    dropped = notes_of(model, 1, size).get("dropped")
    if dropped is None:
        gaps = any(kernel < stride for kernel, stride, *_ in layers)
        assert gaps or max(reads) == size - 1
    elif not reads:
        assert "seen" not in dropped.facts  # windows in nothing but padding
    else:
        assert (dropped.facts["seen"], dropped.facts["size"]) == ((max(reads) + 1,), (size,))


def test_pixels_behind_all_windows_are_told() -> None:
    note = notes_of(nn.Sequential(nn.Conv2d(3, 8, 16, 16), nn.Flatten()), 3, 229, 224)["dropped"]
    assert note.names == ("0",)
    assert said(note) == (
        "Sizes round down, so that no window reads the last rows or columns of some maps "
        "(at the input of layer 0). In layer 0, the windows cover 224×224 of 229×224 cells. "
        "No pixel beyond the first 224×224 of the 229×224 input has any effect on the output."
    )


def test_windows_that_overlap_may_still_see_the_end() -> None:
    note = notes_of(cx.networks.vgg16(), 3, 230, 230)["dropped"]
    assert note.names == ("pool2", "pool3")
    assert note.facts == {
        "input": (115, 115),
        "read": (114, 114),
        "seen": (230, 230),
        "size": (230, 230),
    }
    assert said(note).endswith(
        "Through other windows, the output still depends on pixels up to the far end of the "
        "230×230 input."
    )


def test_the_gaps_of_a_stride_are_no_rounding() -> None:
    assert "dropped" not in notes_of(models.resnet18(width=0.1), 3, 224, 224)
    assert "dropped" not in notes_of(nn.Conv2d(1, 1, 1, stride=2), 1, 8, 8)
    assert "dropped" in notes_of(
        nn.Conv2d(1, 1, 2, stride=4), 1, 9, 9
    )  # a gap has 2, and 3 are left


def test_what_is_lost_is_not_told_of_rows_that_end_early() -> None:
    trace = cx.trace(nn.Sequential(nn.MaxPool2d(2), nn.Conv2d(1, 1, 1)), (1, 7, 7))
    (note, *_) = remarks(trace.network, trace.rows[:1], trace.input_sizes)
    assert note == Note("dropped", ("0",), {"input": (7, 7), "read": (6, 6)})
    assert said(note).endswith("In layer 0, the windows cover 6×6 of 7×7 cells.")


class ReturnsItsInput(nn.Module):
    """Pools, and returns the picture beside the result."""

    def forward(self, x: torch.Tensor) -> Any:
        return F.max_pool2d(x, 2), x


def test_an_input_that_is_returned_too_is_no_loss() -> None:
    facts = notes_of(ReturnsItsInput(), 1, 7, 7)["dropped"].facts
    assert (facts["read"], facts["seen"]) == ((6, 6), (7, 7))


def test_inputs_beside_the_picture_are_no_hindrance() -> None:
    trace = cx.trace(models.PictureAndFeatures(), [(3, 33, 33), (10,)])
    assert "field" not in {
        note.kind for note in remarks(trace.network, trace.rows, trace.input_sizes)
    }


def test_no_rows_no_notes() -> None:
    trace = cx.trace(nn.MaxPool2d(2), (1, 7, 7))
    assert remarks(trace.network, (), trace.input_sizes) == ()


# --- Receptive fields larger than the input ---


def test_the_first_layer_that_looks_beyond_both_edges_is_told() -> None:
    note = notes_of(models.resnet18(width=0.1), 3, 32, 32)["field"]
    assert note == Note("field", ("layer1.1.conv1",), {"field": (35, 35), "size": (32, 32)})


def test_every_unit_of_it_reads_padding() -> None:
    model = nn.Sequential(*(nn.Conv2d(1, 1, 3, padding=1, bias=False) for _ in range(4)))
    note = notes_of(model, 1, 8, 6)["field"]
    assert note == Note("field", ("2",), {"field": (7, 7), "size": (8, 6)})
    assert "larger than the input (8×6) along at least one axis" in said(note)
    for each in model:
        nn.init.ones_(each.weight)  # type: ignore[arg-type]  # a convolution's
    trace = cx.trace(model, (1, 8, 6))
    for name, touched in (("1", False), ("2", True)):
        assert trace[name].touched is not None
        assert (trace[name].touched[1] == 6) == touched  # type: ignore[index]  # asserted above


def test_a_fully_connected_layer_is_meant_to_see_everything() -> None:
    assert "field" not in notes_of(cx.networks.vgg16(), 3, 224, 224)
    assert "field" not in notes_of(models.VGG16Convolutional(width=0.1), 3, 224, 224)


def test_fields_that_are_told_at_most_make_no_note() -> None:
    tail = [nn.Conv2d(1, 1, 3, padding=1) for _ in range(6)]
    assert "field" in notes_of(nn.Sequential(*tail), 1, 8, 8)
    for head in (nn.ConvTranspose2d(1, 1, 3), nn.Upsample(scale_factor=2)):
        assert "field" not in notes_of(nn.Sequential(head, *tail), 1, 8, 8)


# --- Poolings that round ---


def caffes(size: int, kernel: int, stride: int, padding: int) -> int:
    """Return the size of Caffe's pooling: src/caffe/layers/pooling_layer.cpp."""
    pooled = ceil((size + 2 * padding - kernel) / stride) + 1
    if padding and (pooled - 1) * stride >= size + padding:
        pooled -= 1
    return pooled


@given(
    size=st.integers(1, 30),
    kernel=st.integers(1, 6),
    stride=st.integers(1, 6),
    padding=st.integers(0, 3),
)
def test_rounding_the_other_way_is_torchs_and_caffes(
    size: int, kernel: int, stride: int, padding: int
) -> None:
    assume(padding <= kernel // 2 and kernel <= size + 2 * padding)
    x = torch.zeros(1, 1, size)
    down = F.max_pool1d(x, kernel, stride, padding).shape[2:]
    up = F.max_pool1d(x, kernel, stride, padding, ceil_mode=True).shape[2:]
    found = notes_of(nn.MaxPool1d(kernel, stride, padding), 1, size)
    assert ("ceil" in found) == (down != up)
    if down != up:
        assert found["ceil"].facts == {
            "here": down,
            "there": (caffes(size, kernel, stride, padding),),
        }
    elif padding or stride <= kernel:
        assert down == (caffes(size, kernel, stride, padding),)
    found = notes_of(nn.MaxPool1d(kernel, stride, padding, ceil_mode=True), 1, size)
    assert ("floor" in found) == (down != up)
    if down != up:
        assert found["floor"].facts == {"here": up, "there": down}


def test_resnets_pooling_is_one_larger_in_caffe_and_googlenets_one_smaller_when_rounded_down() -> (
    None
):
    resnet = notes_of(models.resnet18(width=0.1), 3, 224, 224)["ceil"]
    assert resnet == Note("ceil", ("maxpool",), {"here": (56, 56), "there": (57, 57)})
    googlenet = notes_of(models.GoogLeNet(), 3, 224, 224)
    names = "maxpool1", "maxpool2", "maxpool3"
    assert googlenet["floor"] == Note("floor", names, {"here": (56, 56), "there": (55, 55)})
    assert "ceil" not in googlenet


def test_a_pooling_without_a_window_when_rounded_down_makes_no_note() -> None:
    assert "floor" not in notes_of(nn.MaxPool2d(3, ceil_mode=True), 1, 2, 2)


# --- TensorFlow's and Keras's padding "same" ---


def tensorflows(size: int, kernel: int, stride: int, dilation: int) -> tuple[int, int]:
    """Return the padding "SAME" before and after: the notes on padding of tf.nn."""
    extent = dilation * (kernel - 1) + 1
    total = max(extent - (size % stride or stride), 0)
    return total // 2, total - total // 2


@given(
    size=st.integers(1, 30),
    kernel=st.integers(1, 5),
    stride=st.integers(1, 4),
    padding=st.integers(0, 4),
    dilation=st.integers(1, 2),
)
def test_padding_same_is_told_where_windows_or_sizes_differ(
    size: int, kernel: int, stride: int, padding: int, dilation: int
) -> None:
    assume(dilation * (kernel - 1) + 1 <= size + 2 * padding)
    # A kernel that takes the first of its inputs returns the numbers of its windows' starts.
    numbers = torch.arange(1, size + 1, dtype=torch.float32).reshape(1, 1, size)
    starts = torch.zeros(1, 1, kernel)
    starts[0, 0, 0] = 1
    ends = starts.flip(2)
    sides = tensorflows(size, kernel, stride, dilation)
    here, there = (
        [F.conv1d(F.pad(numbers, pad), taps, None, stride, 0, dilation) for taps in (starts, ends)]
        for pad in ((padding, padding), sides)
    )
    assert there[0].shape[2] == ceil(size / stride)
    alike = here[0].shape == there[0].shape and all(map(torch.equal, here, there))
    found = notes_of(nn.Conv1d(1, 1, kernel, stride, padding, dilation), 1, size)
    if padding == 0 or kernel == 1:
        assert "same" not in found  # nobody means "same" by it
        return
    if "same" not in found:
        assert alike
        return
    assert found["same"].facts == {
        "here": tuple(here[0].shape[2:]),
        "there": tuple(there[0].shape[2:]),
        "before": padding,
        "after": padding,
        "same_before": sides[0],
        "same_after": sides[1],
    }
    if size >= dilation * (kernel - 1) + 1 + 2 * stride:  # else no window may lie inside
        assert not alike


def test_a_layer_that_is_shifted_gives_other_values() -> None:
    found = notes_of(nn.Conv2d(1, 1, 3, stride=2, padding=1), 1, 8, 8)["same"]
    assert found.facts == {
        "here": (4, 4),
        "there": (4, 4),
        "before": 1,
        "after": 1,
        "same_before": 0,
        "same_after": 1,
    }
    assert said(found) == (
        'With padding="same", TensorFlow and Keras would place the windows elsewhere '
        "(layers: name). For example, name here pads its input by 1 before and 1 after; "
        "in TensorFlow and Keras it would be 0 and 1. The size is the same, "
        "but the same weights give other values."
    ).replace("name", found.names[0])


def test_shifted_and_resized_layers_have_a_note_each() -> None:
    model = nn.Sequential(
        nn.Conv2d(3, 4, 11, stride=4, padding=2),
        nn.Conv2d(4, 4, 3, stride=2, padding=1),
        nn.Conv2d(4, 4, 3, padding=1),
        nn.MaxPool2d(3, stride=2, padding=1),
    )
    trace = cx.trace(model, (3, 227, 227))
    notes = [
        note
        for note in remarks(trace.network, trace.rows, trace.input_sizes)
        if note.kind == "same"
    ]
    assert [(note.names, note.facts["here"], note.facts["there"]) for note in notes] == [
        (("1", "3"), (28, 28), (28, 28)),
        (("0",), (56, 56), (57, 57)),
    ]


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2d(1, 1, 3, padding=1),
        nn.Conv2d(1, 1, 4, padding="same"),
        nn.Conv2d(1, 1, 3, stride=2),
        nn.Conv2d(1, 1, 4, stride=2, padding=1),
        nn.MaxPool2d(2),
        nn.MaxPool2d(3, 2, ceil_mode=True),
        nn.ConvTranspose2d(1, 1, 3, stride=2, padding=1),
    ],
)
def test_layers_that_are_not_padded_or_the_same_there_make_no_note(layer: nn.Module) -> None:
    assert "same" not in notes_of(layer, 1, 8, 8)


# --- Words ---

SIZES: dict[str, Any] = {"input": (12, 12), "output": (7, 7)}
SIZES |= {"smallest_bin": (2, 2), "largest_bin": (3, 3)}
SIDES: dict[str, Any] = {"before": 1, "after": 1, "same_before": 0, "same_after": 1}
EVERY = [
    Note("adaptive", ("a",), SIZES | {"smallest": (7, 7), "largest": (7, 7), "values": 1000}),
    Note("adaptive", ("a",), SIZES | {"smallest": (7, 7), "largest": (9, 9)}),
    Note("adaptive", ("a",), SIZES | {"smallest_bin": (3, 3)}),
    Note("adaptive", ("a",), SIZES | {"input": (14, 14), "smallest_bin": (3, 3)}),
    Note("adaptive", ("a",), SIZES | {"input": (3, 3)}),
    Note("dropped", ("a",), {"input": (7,), "read": (6,), "seen": (7,), "size": (7,)}),
    Note("dropped", ("a",), {"input": (7,), "read": (6,), "seen": (6,), "size": (7,)}),
    Note("field", ("a",), {"field": (9, 9), "size": (8, 8)}),
    Note("field", ("a",), {"field": (9, 9), "size": (8, 9)}),
    Note("ceil", ("a",), {"here": (5, 5), "there": (6, 6)}),
    Note("floor", ("a",), {"here": (6, 6), "there": (5, 5)}),
    Note("same", ("a",), SIDES | {"here": (5, 5), "there": (5, 5)}),
    Note("same", ("a",), SIDES | {"here": (5, 5), "there": (6, 6)}),
]


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_sentence_is_said_in_every_language(code: str) -> None:
    with language(code):
        told = " ".join(map(said, EVERY))
    assert "{" not in told
    for key, pattern in catalogue(code).items():
        if key.startswith("explain.note.") and key.split(".")[2] in {note.kind for note in EVERY}:
            assert pattern.rpartition("}")[2] in told, key


def test_of_many_layers_the_first_are_named() -> None:
    names = tuple(f"conv{index}" for index in range(9))
    note = Note("same", names, SIDES | {"here": (5, 5), "there": (5, 5)})
    assert "conv0, conv1, conv2, conv3, conv4 and 4 more). For example, conv0 here pads" in said(
        note
    )
