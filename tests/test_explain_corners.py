"""What explanations say of rare networks: no more than torch confirms."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any, cast

import pytest
import torch
import torch.nn.functional as F  # noqa: N812  # as everybody calls it
from tests.heads import Way
from torch import nn

import cnnexplain as cx
from cnnexplain.diagnosis.fitting import Sizes, _recurring, _searched, fitting
from cnnexplain.diagnosis.messages import told
from cnnexplain.graph import Network, Node
from cnnexplain.operations import make
from cnnexplain.operations.joining import Cat
from cnnexplain.operations.reshaping import Cut, Slice

Tensor = torch.Tensor

pytestmark = pytest.mark.usefixtures("one_thread")


@dataclass(frozen=True)
class Corner:
    """A network that fails.

    Attributes:
        model: The network.
        size: The size of its input without the batch.
        kind: The kind of the problem.
        reasons: What is said of it.
        cures: The kinds of the cures; where one could be thought of that is not here, it fails.
    """

    model: nn.Module
    size: tuple[int, ...]
    kind: str
    reasons: tuple[str, ...]
    cures: tuple[str, ...] = ()


tokens = nn.Parameter(torch.zeros(1, 2, 25))
CORNERS = {
    "groups that more channels do not fill": Corner(
        nn.Sequential(nn.Conv2d(4, 6, 3, groups=2), nn.Conv2d(7, 8, 3)),
        (4, 9, 9),
        "channels",
        ("previous",),
        ("in_channels",),
    ),
    "groups that the input's channels do not fill": Corner(
        nn.Sequential(nn.Conv2d(4, 4, 3, groups=2)), (3, 6, 6), "channels", ("input",)
    ),
    "more channels would only fail later": Corner(
        nn.Sequential(nn.Conv2d(3, 4, 3), nn.Conv2d(5, 4, 3)), (2, 6, 6), "channels", ("input",)
    ),
    "channels of which none is left": Corner(
        Way(lambda s, x: s.b(s.c(x)[:, :0]), c=nn.Conv2d(3, 4, 3), b=nn.Conv2d(4, 2, 1)),
        (3, 6, 6),
        "channels",
        ("previous",),
    ),
    "a map unflattened, and then too few": Corner(
        nn.Sequential(nn.Conv2d(3, 4, 3), nn.Linear(64, 10), nn.Linear(11, 2)),
        (3, 6, 6),
        "flatten",
        ("last", "whole"),
    ),
    "a map unflattened, too many, and then too few": Corner(
        nn.Sequential(nn.Conv2d(3, 4, 3), nn.Linear(99, 10), nn.Linear(11, 2)),
        (3, 6, 6),
        "flatten",
        ("last", "other"),
    ),
    "windows as columns, differently cut": Corner(
        Way(lambda s, x: s.u(x) + s.v(x), u=nn.Unfold(2, stride=2), v=nn.Unfold(2, 1, 1, (2, 2))),
        (1, 8, 8),
        "add",
        ("axes",),
    ),
    "a volume pooled": Corner(
        Way(lambda s, x: s.f(s.p(x).flatten(1)), p=nn.AvgPool3d(3, 2, 1), f=nn.Linear(27, 3)),
        (1, 8, 8, 8),
        "features",
        ("come_one",),
        ("in_features",),
    ),
    "a picture made a line": Corner(
        Way(
            lambda s, x: s.f(s.c(x.flatten(2)).flatten(1)), c=nn.Conv1d(3, 2, 3), f=nn.Linear(20, 3)
        ),
        (3, 4, 5),
        "features",
        ("come", "wanted"),
        ("in_features",),
    ),
    "a border cut away": Corner(
        Way(lambda s, x: s.f(s.p(x).flatten(1)), p=nn.ZeroPad2d(-1), f=nn.Linear(16, 3)),
        (1, 8, 8),
        "features",
        ("come_one", "wanted_one"),
        ("resize", "crop", "in_features"),
    ),
    "a size beyond all memory": Corner(
        nn.Sequential(nn.AvgPool2d(2**29), nn.Flatten(), nn.Linear(4, 3)),
        (1, 2**29, 2**29),
        "features",
        ("come_one", "wanted_one"),
        ("in_features",),
    ),
    "maps and vectors added": Corner(
        Way(lambda s, x: s.c(x) + x.flatten(1), c=nn.Conv2d(3, 3, 3)), (3, 6, 6), "add", ()
    ),
    "maps and vectors concatenated": Corner(
        Way(lambda s, x: torch.cat([s.c(x), x.flatten(1)], 1), c=nn.Conv2d(1, 2, 3)),
        (1, 9, 9),
        "cat",
        (),
    ),
    "a pooling that agrees for more sizes than are tried": Corner(
        Way(lambda s, x: s.a(x) + s.b(x), a=nn.AvgPool2d(64), b=nn.AvgPool2d(64, padding=4)),
        (1, 188, 188),
        "add",
        ("axes",),
        ("resize", "pad"),
    ),
    "halved, doubled, added, and then too few": Corner(
        Way(
            lambda s, x: s.f((x + s.u(s.p(x))).flatten(1)),
            p=nn.MaxPool2d(2),
            u=nn.Upsample(scale_factor=2),
            f=nn.Linear(99, 2),
        ),
        (1, 9, 9),
        "add",
        ("axes",),
    ),
    "positions for another crop": Corner(
        Way(lambda s, x: s.c(x)[..., :5].flatten(2) + tokens, c=nn.Conv2d(1, 2, 3)),
        (1, 9, 9),
        "add",
        ("axes",),
    ),
    "a view with an open size": Corner(
        Way(lambda _, x: x.view(x.size(0), -1, 7)), (3, 4, 4), "view", ("holds",)
    ),
    "flattened before a convolution": Corner(
        nn.Sequential(nn.Flatten(), nn.Conv2d(3, 4, 3)),
        (3, 6, 6),
        "dimensions",
        ("previous",),
        ("leave_out",),
    ),
    "an even window that no padding keeps": Corner(
        nn.Sequential(nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 6)),
        (3, 6, 6),
        "kernel",
        ("window", "smallest"),
        ("resize", "pad"),
    ),
    "a function given a map": Corner(
        Way(lambda s, x: F.linear(x, s.f.weight), f=nn.Linear(60, 2)),
        (3, 4, 5),
        "flatten",
        ("last", "whole"),
    ),
    "a function given a map of as many channels": Corner(
        Way(lambda s, x: F.linear(x, s.f.weight), f=nn.Linear(7, 2)),
        (7, 4, 5),
        "flatten",
        ("last", "pooled"),
    ),
    "more windows that do not fit than are tried": Corner(
        nn.Sequential(*(nn.Conv2d(1, 1, 3) for _ in range(40))), (1, 2, 2), "kernel", ("window",)
    ),
    "a window that does not fit, and padding that does not help": Corner(
        nn.Sequential(nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 7), nn.Flatten(), nn.Linear(99, 2)),
        (3, 6, 6),
        "kernel",
        ("window",),
    ),
    "a window that does not fit, and one that never will": Corner(
        nn.Sequential(
            nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 7), nn.AdaptiveAvgPool2d(2), nn.Conv2d(4, 4, 3)
        ),
        (3, 6, 6),
        "kernel",
        ("window",),
    ),
}


def fails(model: nn.Module, x: Tensor) -> bool:
    try:
        model(x)
    except (RuntimeError, ValueError, IndexError):
        return True
    return False


@pytest.mark.parametrize("name", CORNERS)
def test_what_is_said_of_a_network_that_fails_is_what_helps(name: str) -> None:
    corner = CORNERS[name]
    (problem,) = cx.explain(corner.model, corner.size).problems
    found = (problem.kind, problem.reasons, tuple(cure.kind for cure in problem.cures))
    assert found == (corner.kind, corner.reasons, corner.cures)
    if max(corner.size) > 1000:
        return
    x = torch.zeros(1, *corner.size)
    assert fails(corner.model, x)
    for cure in problem.cures:
        scope = {"model": copy.deepcopy(corner.model), "x": x, "nn": nn, "F": F}
        exec(cure.code, scope)  # noqa: S102  # what a reader would paste
        assert not fails(scope["model"], scope["x"]), cure.code  # type: ignore[arg-type]
    for side in range(1, 40):
        shape = (1, corner.size[0], *(side for _ in corner.size[1:]))
        if problem.fits:
            right = all(side in each for each in problem.fits)
            assert right != fails(corner.model, torch.zeros(shape)), side


def test_rows_of_several_images_behind_an_activation_are_found() -> None:
    model = Way(lambda s, x: F.relu(s.b(x)).view(-1, 128), b=nn.Conv2d(1, 6, 5))
    assert model(torch.zeros(3, 1, 28, 28)).shape == (81, 128)
    (problem,) = cx.explain(model, (1, 28, 28), 3).problems
    assert (problem.kind, problem.facts["after"]) == ("batch", 81)


def test_where_no_other_size_can_be_tried_nothing_is_claimed() -> None:
    model = Way(lambda _, x: x.view(-1, 2**58))
    assert model(torch.zeros(1, 3, 2**29, 2**29, device="meta")).shape == (3, 2**58)
    assert cx.explain(model, (3, 2**29, 2**29)).problems == ()


def test_a_batch_that_is_squeezed_away_only_where_it_is_one_is_found_without_a_cure() -> None:
    model = Way(lambda s, x: s.f(x).squeeze(), f=nn.Linear(6, 3))
    assert [model(torch.zeros(n, 6)).shape for n in (1, 7)] == [(3,), (7, 3)]
    (problem,) = cx.explain(model, (6,)).problems
    assert (problem.kind, problem.cures) == ("squeezed", ())
    chosen = Way(lambda s, x: s.f(x)[0] if x.size(0) == 1 else s.f(x), f=nn.Linear(6, 3))
    assert [chosen(torch.zeros(n, 6)).shape for n in (1, 7)] == [(3,), (7, 3)]
    # Whoever asks for the batch's size means it.
    assert cx.explain(chosen, (6,)).problems == ()


def test_a_flatten_of_the_batch_too_is_replaced() -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(0), nn.Linear(64, 10))
    (problem,) = cx.explain(model, (3, 6, 6)).problems
    assert problem.kind == "one_batch"
    (cure,) = problem.cures
    exec(cure.code, {"model": model, "nn": nn})  # noqa: S102
    assert model(torch.zeros(2, 3, 6, 6)).shape == (2, 10)


def test_an_input_without_a_batch_is_explained_as_it_is() -> None:
    with (
        pytest.raises(RuntimeError, match="expects 5 input features but gets 3"),
        cx.explaining(),
    ):
        nn.Linear(5, 2)(torch.zeros(3))


def test_an_adaptive_pooling_is_told_where_another_branch_stands_before_it() -> None:
    model = Way(
        lambda s, x: (s.d(x), s.p(s.c(x)))[1],
        c=nn.Conv2d(1, 1, 3),
        d=nn.Conv2d(1, 2, 3),
        p=nn.AdaptiveAvgPool2d(5),
    )
    (note,) = cx.explain(model, (1, 9, 9)).notes
    assert (note.kind, note.facts["smallest"], note.facts["largest"]) == (
        "adaptive",
        (7, 7),
        (7, 7),
    )
    x = torch.rand(1, 1, 7, 7)
    assert torch.equal(model(x), model.get_submodule("c")(x))


def test_an_adaptive_pooling_behind_a_sum_is_told_with_its_sizes() -> None:
    model = Way(
        lambda s, x: s.p(s.c(x) + s.d(x)),
        c=nn.Conv2d(1, 1, 15),
        d=nn.Conv2d(1, 1, 15),
        p=nn.AdaptiveAvgPool2d(2),
    )
    (note,) = cx.explain(model, (1, 17, 17)).notes
    assert (note.facts["smallest"], note.facts["largest"]) == ((16, 16), (16, 16))
    x = torch.rand(1, 1, 16, 16)
    assert torch.equal(model(x), model.get_submodule("c")(x) + model.get_submodule("d")(x))
    assert fails(model, torch.zeros(1, 1, 8, 8))


def test_an_adaptive_pooling_of_one_of_several_inputs_is_told_without_sizes() -> None:
    class Two(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.c, self.p = nn.Conv2d(1, 1, 3), nn.AdaptiveAvgPool2d(5)

        def forward(self, x: Tensor, y: Tensor) -> Any:
            return self.p(self.c(x)) + y

    (note,) = cx.explain(Two(), [(1, 9, 9), (1, 5, 5)]).notes
    assert note.kind == "adaptive"
    assert "smallest" not in note.facts


def test_a_message_that_contradicts_itself_is_none_of_torchs() -> None:
    text = "Expected number of channels in input to be divisible by num_groups, but got input of "
    assert told(f"{text}shape [1, 5, 4, 4] and num_groups=2") is not None
    assert told(f"{text}shape [5] and num_groups=2") is None


def test_what_torch_says_of_sizes_alone_is_read_from_the_end() -> None:
    with pytest.raises(RuntimeError) as caught:
        torch.zeros(2, 3, 5, device="meta") + torch.zeros(2, 4, 5, device="meta")
    found = told(str(caught.value))
    assert found is not None
    assert found.facts == {"a": 3, "b": 4, "dim": 1}
    assert told(str(caught.value).replace("at -2!", "at -4!")) is None


# ── sizes that fit ─────────────────────────────────────────────────────────────────────────────


def test_a_mean_over_a_volume_fits_for_the_sizes_that_torch_takes() -> None:
    pool = make("AvgPool3d", [5], {"stride": 2, "padding": 2})
    network = Network((Node("pool", pool, (0,), 0),))
    theirs = nn.AvgPool3d(5, 2, 2)
    for wanted in range(1, 6):
        fit = []
        for size in range(1, 20):
            x = torch.zeros(1, 1, size, 8, 8)
            if not fails(theirs, x) and theirs(x).shape[2] == wanted:
                fit.append(size)
        found = fitting(network, [(1, 1, 8, 8, 8)], 1, axis=0, wanted=wanted)
        assert (found.first(20) if found else ()) == tuple(fit)


def test_channels_taken_by_a_slice_keep_the_sizes_that_fit() -> None:
    cuts = (Cut(0, 1, 1), Cut(0, 1, 2), Cut(0, 1, 12), Cut(0, 1, 12))
    nodes = (
        Node("slice", Slice("[:, :2]", cuts), (0,), 0),
        Node("pool", make("MaxPool2d", [3, 2], {}), (1,), 0),
    )
    theirs = nn.MaxPool2d(3, 2)
    for wanted in range(1, 6):
        found = fitting(Network(nodes), [(1, 4, 12, 12)], 2, axis=0, wanted=wanted)
        assert found is not None
        assert found.first(9) == tuple(
            size for size in range(3, 30) if len(theirs(torch.zeros(1, size, 3))[0]) == wanted
        )


def test_branches_of_one_form_fit_together() -> None:
    pools = [make(kind, [3, 2], {}) for kind in ("MaxPool2d", "AvgPool2d")]
    nodes = (
        *(Node(f"pool{at}", pool, (0,), 0) for at, pool in enumerate(pools)),
        Node("cat", Cat(1), (1, 2), 0),
    )
    theirs = nn.MaxPool2d(3, 2)
    found = fitting(Network(nodes), [(1, 4, 12, 12)], 3, axis=0, wanted=4)
    assert found is not None
    assert found.first(9) == tuple(
        size for size in range(3, 30) if len(theirs(torch.zeros(1, size, 3))[0]) == 4
    )


@pytest.mark.parametrize("stride", [2, (2, 3)])
def test_as_many_windows_as_are_wanted_fit_for_the_sizes_that_torch_takes(stride: Any) -> None:
    unfold = make("Unfold", [2], {"stride": stride})
    network, theirs = Network((Node("unfold", unfold, (0,), 0),)), nn.Unfold(2, stride=stride)
    across = theirs(torch.zeros(1, 1, 2, 9)).shape[2]
    for rows in range(1, 5):
        sizes = range(2, 20)
        counts = {size: theirs(torch.zeros(1, 1, size, 9)).shape[2] for size in sizes}
        found = fitting(network, [(1, 1, 12, 9)], 1, axis=0, wanted=rows * across)
        assert found is None or found.first(9) == tuple(
            size for size, count in counts.items() if count == rows * across
        )
    assert found is not None


def test_what_does_not_recur_as_it_should_is_not_claimed() -> None:
    def holds(s: int) -> bool:
        return (s % 4 == 0 and s >= 16) or (s % 4 == 1 and s >= 5)

    assert _recurring(holds, 4, 16) is None
    regular = _recurring(lambda s: s % 4 < 2 and s >= 5, 4, 16)
    assert regular == Sizes((range(5, 6), range(8, 9)), every=4)


class Slow:
    """A value that grows more slowly than its network's period says."""

    given = 90

    def period(self) -> int:
        return 16

    def size(self, number: int, s: int) -> int:
        del number
        return s // 100


def test_a_search_that_sees_no_end_on_one_side_claims_nothing() -> None:
    assert _searched(cast("Any", Slow()), 1, 1) is None
