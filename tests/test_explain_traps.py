"""What explanations once got wrong: claims, cures, sound networks, errors of others."""

from __future__ import annotations

import contextlib
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812  # as everybody calls it
from tests.heads import Way
from torch import nn

import cnnexplain as cx
from cnnexplain.api import tried
from cnnexplain.diagnosis import words
from cnnexplain.diagnosis.findings import Place
from cnnexplain.explanation import explained
from cnnexplain.postmortem import explained_message

if TYPE_CHECKING:
    from collections.abc import Callable

Tensor = torch.Tensor


def lenet(head: Callable[[Any, Tensor], Any]) -> Way:
    return Way(
        head,
        a=nn.Conv2d(1, 6, 5),
        b=nn.Conv2d(6, 16, 5),
        f=nn.Linear(400, 10),
    )


# ── claims ─────────────────────────────────────────────────────────────────────────────────────


def runs(model: nn.Module, *shape: int) -> bool:
    try:
        return tuple(model(torch.zeros(shape)).shape)[:1] == shape[:1]
    except RuntimeError:
        return False


@pytest.mark.parametrize("size", [28, 40])
def test_sizes_that_fit_are_those_with_which_the_whole_network_runs(size: int) -> None:
    model = nn.Sequential(
        nn.Conv2d(1, 6, 5),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 120, 5),
        nn.Flatten(),
        nn.Linear(120, 10),
    )
    (problem,) = cx.explain(model, (1, size, size)).problems
    found = {each for each in range(20, 60) if runs(model, 1, 1, each, each)}
    assert found == {32, 33, 34, 35}
    for fits in problem.fits:
        assert {each for each in range(20, 60) if each in fits} == found


@pytest.mark.parametrize(
    ("way", "layers", "size"),
    [
        (
            lambda s, x: s.f(s.c(F.avg_pool2d(x, x.shape[-1] // 16)).flatten(1)),
            {"c": nn.Conv2d(3, 4, 3), "f": nn.Linear(4 * 30 * 30, 3)},
            41,
        ),
        (
            lambda s, x: s.f(F.conv2d(x, s.c.weight, stride=max(1, x.shape[-1] // 32)).flatten(1)),
            {"c": nn.Conv2d(3, 4, 3), "f": nn.Linear(4 * 14 * 14, 3)},
            70,
        ),
    ],
)
def test_nothing_is_claimed_of_a_network_that_does_not_run_at_the_ends(
    way: Any, layers: dict[str, nn.Module], size: int
) -> None:
    (problem,) = cx.explain(Way(way, **layers), (3, size, size)).problems
    assert problem.kind == "features"
    assert problem.fits == ()


def test_no_cure_merges_images() -> None:
    deep = Way(
        lambda s, x: s.f(s.d(s.c(x)).reshape(-1, 32)),
        c=nn.Conv2d(4, 4, 3),
        d=nn.Conv2d(4, 4, 5),
        f=nn.Linear(32, 3),
    )
    (problem,) = cx.explain(deep, (4, 5, 5), batch_size=8).problems
    assert problem.kind == "kernel"
    assert not problem.cures
    assert problem.fits == ()
    assert problem.reasons == ("window",)
    tall = Way(
        lambda s, x: s.f(s.c(x).view(-1, 1512)),
        c=nn.Conv2d(3, 3, (5, 1)),
        f=nn.Linear(1512, 7),
    )
    assert all(each.kind != "swapped" for each in cx.explain(tall, (3, 28, 31), 2).problems)


@pytest.mark.parametrize("batch_size", [1, 3])
def test_a_view_that_fits_a_channel_by_chance_is_found(batch_size: int) -> None:
    model = lenet(lambda s, x: s.f(F.max_pool2d(s.b(F.max_pool2d(s.a(x), 2)), 2).view(-1, 400)))
    assert model(torch.zeros(batch_size, 1, 92, 92)).shape == (16 * batch_size, 10)
    (problem,) = cx.explain(model, (1, 92, 92), batch_size).problems
    assert (problem.kind, problem.facts["after"]) == ("batch", 16 * batch_size)


def test_a_cure_for_a_squeezed_batch_keeps_the_result() -> None:
    source = "nn.Linear(6, 1)"
    model = Way(lambda s, x: s.f(x).squeeze(), f=eval(source))  # noqa: S307  # ours
    (problem,) = cx.explain(model, (6,)).problems
    assert problem.kind == "squeezed"
    assert "a single value" in cx.explain(model, (6,)).to_text("en")


def test_a_network_with_transposed_convolutions_is_not_to_be_converted() -> None:
    model = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.ConvTranspose2d(4, 4, 3), nn.Flatten(), nn.Linear(4 * 16 * 16, 5)
    )
    (problem,) = cx.explain(model, (3, 20, 20)).problems
    assert "convolution" not in {each.kind for each in problem.cures}
    assert "resize" in {each.kind for each in problem.cures}


def test_swapped_and_channels_last_are_not_told_by_chance() -> None:
    small = nn.Sequential(nn.Conv2d(3, 8, (5, 3)), nn.Conv2d(8, 8, (5, 3)), nn.MaxPool2d((4, 1)))
    (problem,) = cx.explain(small, (3, 10, 14)).problems
    assert problem.kind == "kernel"
    blind = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 10))
    (problem,) = cx.explain(blind, (3, 16, 32)).problems
    assert problem.kind == "features"


# ── sound networks ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "way",
    [
        lambda s, x: s.c(x).permute(0, 2, 3, 1).reshape(-1, 2),
        lambda s, x: s.c(x).flatten(2).transpose(1, 2).reshape(-1, 9),
        lambda s, x: s.c(x).view(-1, x.shape[2] * x.shape[3]).softmax(1),
        lambda s, x: s.c(x).permute(0, 2, 3, 1).reshape(-1, 18),
    ],
    ids=["anchors", "tokens", "softmax over places", "pixels"],
)
def test_rows_that_are_meant_are_sound(way: Any) -> None:
    model = Way(way, c=nn.Conv2d(3, 18, 3, padding=1))
    for batch_size in (1, 3):
        assert cx.explain(model, (3, 16, 16), batch_size).problems == ()


def test_a_network_that_catches_its_error_is_sound() -> None:
    def way(s: Any, x: Tensor) -> Tensor:
        try:
            return s.a(x)
        except RuntimeError:
            return s.b(x)

    model = Way(way, a=nn.Linear(5, 2), b=nn.Linear(6, 2))
    assert model(torch.zeros(1, 6)).shape == (1, 2)
    assert cx.explain(model, (6,)).problems == ()


# ── what is no error of ours ───────────────────────────────────────────────────────────────────


def test_a_mirror_of_too_little_is_told_by_its_own_words() -> None:
    model = nn.Sequential(nn.Conv2d(1, 1, 3, padding=1, padding_mode="reflect"))
    (problem,) = cx.explain(model, (1, 1, 5)).problems
    assert problem.kind == "other"


@pytest.mark.parametrize("mode", ["reflect", "circular", "replicate"])
def test_a_convolution_that_pads_by_a_function_is_told_as_one_layer(mode: Any) -> None:
    last = nn.Conv2d(4, 4, 7, padding=1, padding_mode=mode)
    model = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1, padding_mode=mode), last)
    (problem,) = cx.explain(model, (3, 4, 4)).problems
    assert (problem.kind, problem.name) == ("kernel", "1")
    tall, wide = problem.fits
    for size in range(1, 20):
        assert (size in tall) == (size in wide) == runs(model, 1, 3, size, size), size

    wrong = nn.Sequential(model[0], nn.Conv2d(5, 4, 3, padding=1, padding_mode=mode))
    (problem,) = cx.explain(wrong, (3, 4, 4)).problems
    assert (problem.kind, problem.name) == ("channels", "1")
    cured = "model[1] = nn.Conv2d(4, 4, kernel_size=3, padding=1, padding_mode="
    assert cured in problem.cures[0].code


@pytest.mark.parametrize("channels", [0, 1])
def test_axes_of_no_size_are_no_crash(channels: int) -> None:
    for way in (lambda s, x: s.l(x[:, :0].flatten(1)), lambda s, x: s.l(x[:, :0, 0, 0])):
        model = Way(way, l=nn.Linear(5, 5))
        shape = (1, 1 + channels, 3, 3)
        assert explained(tried(model), [shape]).problems[0].kind in {"features", "other"}


class OddError(RuntimeError):
    """Says nothing but an error."""

    def __str__(self) -> str:
        raise TypeError("no")


def test_what_says_nothing_is_no_crash() -> None:
    def way(*_: Any) -> Tensor:
        raise OddError

    assert cx.explain(Way(way), (3, 8, 8)).problems[0].kind == "forward"
    with pytest.raises(OddError), cx.explaining():
        raise OddError


def passes(run: Callable[[], object]) -> BaseException:
    """Return what is raised, which must not have become an error of ours."""
    with pytest.raises(Exception) as caught, cx.explaining():  # noqa: PT011
        run()
    assert not isinstance(caught.value, cx.CnnExplainError)
    return caught.value


class Picky(nn.Module):
    """Runs on shapes, and refuses values."""

    def __init__(self) -> None:
        super().__init__()
        self.c, self.f = nn.Conv2d(3, 8, 3), nn.Linear(8, 2)

    def forward(self, x: Tensor) -> Tensor:
        y = self.c(x).mean((2, 3))
        if not torch.isfinite(y).all():
            raise ValueError("NaN in features")
        return self.f(y).squeeze()


def test_errors_that_are_not_about_sizes_pass() -> None:
    nan = torch.full((1, 3, 8, 8), float("nan"))
    assert str(passes(lambda: Picky()(nan))) == "NaN in features"
    passes(lambda: Picky()(torch.zeros(1, 3, 8, 8, dtype=torch.uint8)))
    passes(lambda: nn.CrossEntropyLoss()(torch.zeros(4, 3), torch.tensor([0, 1, 2, 7])))


class MineError(RuntimeError):
    """An error of the user's own."""


def test_errors_of_the_users_own_pass() -> None:
    def fails() -> None:
        try:
            nn.Linear(5, 2)(torch.zeros(1, 6))
        except RuntimeError as error:
            raise MineError("expected 5 features") from error

    assert type(passes(fails)) is MineError


def test_torchs_own_kind_and_words_are_kept() -> None:
    with pytest.raises(RuntimeError, match="mat1 and mat2") as caught, cx.explaining():
        nn.Linear(5, 2)(torch.zeros(1, 6))
    assert not isinstance(caught.value, ValueError)
    with pytest.raises(IndexError), cx.explaining():
        torch.zeros(3).flatten(1)

    def noted() -> None:
        try:
            nn.Linear(5, 2)(torch.zeros(1, 6))
        except RuntimeError as error:
            error.add_note("in step 7")
            raise

    with pytest.raises(RuntimeError) as caught, cx.explaining():
        noted()
    assert caught.value.__notes__ == ["in step 7"]


def test_the_second_call_does_not_stand_for_the_first() -> None:
    calls = []

    def way(s: Any, x: Tensor) -> Tensor:
        calls.append(1)
        if len(calls) == 1:
            raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return s.f(x)

    assert "out of memory" in str(passes(lambda: Way(way, f=nn.Linear(5, 2))(torch.zeros(1, 6))))


@pytest.mark.filterwarnings("ignore:Using a target size")
def test_a_loss_is_explained_by_its_message() -> None:
    with pytest.raises(cx.ExplainedError) as caught, cx.explaining():
        nn.MSELoss()(torch.zeros(4, 3), torch.zeros(4, 5))
    (problem,) = caught.value.explanation.problems
    assert problem.kind == "message.broadcast"


def test_empty_tensors_are_no_crash() -> None:
    for shape in [(1, 0), (0, 0), (2, 0)]:
        with pytest.raises(RuntimeError), cx.explaining():
            nn.Linear(5, 5)(torch.zeros(shape))
    for text in ("(1x0 and 5x5)", "(0x0 and 5x5)", f"(1x{2**64} and 5x5)"):
        found = explained_message(f"mat1 and mat2 shapes cannot be multiplied {text}")
        assert found.problems[0].kind == "message.features"


@pytest.mark.parametrize("text", [None, 5, b"mat1", ""])
def test_what_is_no_message_is_refused(text: Any) -> None:
    with pytest.raises(cx.ArgumentError):
        explained_message(text)


def test_a_message_that_may_mean_two_things_says_both() -> None:
    text = "mat1 and mat2 shapes cannot be multiplied (64x1024 and 4096x10)"
    (problem,) = explained_message(text).problems
    assert problem.kind == "message.features"
    assert {"guess", "or_flatten"} <= set(problem.reasons)
    text = "mat1 and mat2 shapes cannot be multiplied (80x5 and 400x10)"
    assert explained_message(text).problems[0].kind == "message.flatten"


def test_threads_keep_their_output_and_torchs_stance() -> None:
    def fail() -> None:
        for _ in range(10):
            with pytest.raises(RuntimeError), cx.explaining():
                nn.Sequential(nn.Linear(5, 2))(torch.zeros(1, 6))

    import torch._dynamo  # noqa: PLC0415  # whose stance is one for all threads

    before = sys.stdout
    stance = torch._dynamo.eval_frame._stance.stance
    threads = [threading.Thread(target=fail) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sys.stdout is before
    assert torch._dynamo.eval_frame._stance.stance == stance == "default"


def test_a_cell_of_a_notebook_is_called_a_cell() -> None:
    found = words.place(Place("ipykernel_26619/770000353.py", 9, "x = self.fc(x)"))
    assert found == "a notebook cell, line 9: x = self.fc(x)"


def test_the_published_alexnet_can_be_converted() -> None:
    (problem,) = cx.explain(cx.networks.alexnet(), (3, 384, 384)).problems
    assert "convolution" in {each.kind for each in problem.cures}


def test_a_map_is_not_averaged_to_more_than_it_has() -> None:
    (small,) = cx.explain(cx.networks.lenet5(), (1, 28, 28)).problems
    assert "pool" not in {each.kind for each in small.cures}
    (large,) = cx.explain(cx.networks.lenet5(), (1, 64, 64)).problems
    assert "pool" in {each.kind for each in large.cures}


# ── what stands beside the mistake ─────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "aside",
    [
        lambda y: y / y.flatten().norm(),
        lambda y: y / y.abs().view(-1).max(),
        lambda y: y.view(y.shape[0] * 2, -1).view(y.shape),
    ],
    ids=["a norm", "a maximum", "groups"],
)
@pytest.mark.parametrize("batch_size", [1, 2])
def test_a_view_beside_the_mistake_is_not_blamed(aside: Any, batch_size: int) -> None:
    model = Way(
        lambda s, x: s.f(aside(s.c(x)).flatten(1)),
        c=nn.Conv2d(1, 2, 3),
        f=nn.Linear(2 * 36, 3),
    )
    (problem,) = cx.explain(model, (1, 10, 10), batch_size).problems
    assert (problem.kind, problem.name) == ("features", "f")


@pytest.mark.parametrize("message", ["CUDA error: assert triggered", "NaN loss", "bad label"])
def test_a_view_beside_an_error_of_others_is_not_blamed(message: str) -> None:
    def way(s: Any, x: Tensor) -> Tensor:
        s.c(x).abs().flatten().max()
        raise RuntimeError(message)

    assert str(passes(lambda: Way(way, c=nn.Conv2d(1, 2, 3))(torch.zeros(2, 1, 8, 8)))) == message


def test_an_error_that_was_caught_does_not_stand_for_a_later_one() -> None:
    def turned(s: Any, x: Tensor) -> Tensor:
        try:
            s.c(x)
        except RuntimeError:
            s.c(x.permute(0, 3, 1, 2))
        raise ValueError("labels file not found")

    image = torch.zeros(2, 8, 8, 3)
    passes(lambda: Way(turned, c=nn.Conv2d(3, 4, 3))(image))

    def normed(s: Any, x: Tensor) -> Tensor:
        with contextlib.suppress(ValueError):
            s.bn(x)
        raise ValueError("dataset is empty")

    model = Way(normed, bn=nn.BatchNorm2d(3))
    passes(lambda: model(torch.zeros(2, 3)))
    (problem,) = cx.explain(model, (3,)).problems
    assert (problem.kind, problem.name) == ("forward", "")


def test_no_cure_fills_rows_with_whole_channels() -> None:
    model = Way(
        lambda s, x: s.f(s.b(F.max_pool2d(s.a(x), 2)).view(-1, 16)),
        a=nn.Conv2d(1, 4, 3, padding=1),
        b=nn.Conv2d(4, 4, 5),
        f=nn.Linear(16, 3),
    )
    (problem,) = cx.explain(model, (1, 8, 8), 2).problems
    assert (problem.kind, problem.name) == ("kernel", "b")
    assert "padding" not in {each.kind for each in problem.cures}


def test_rows_that_do_not_come_out_are_sound() -> None:
    def grouped(s: Any, x: Tensor) -> Any:
        y = s.c(x)
        z = y.view(2 * len(y), -1)
        y = (z - z.mean(1, keepdim=True)).view(y.shape)
        return y, y.pow(2).mean()

    def weighed(s: Any, x: Tensor) -> Any:
        y = s.c(x)
        return y, s.f(y.view(-1, 49))

    def pairs(s: Any, x: Tensor) -> Any:
        return s.f(x.reshape(-1, 10))

    conv = nn.Conv2d(3, 4, 3)
    assert cx.explain(Way(grouped, c=conv), (3, 9, 9), 2).problems == ()
    assert cx.explain(Way(weighed, c=conv, f=nn.Linear(49, 1)), (3, 9, 9), 2).problems == ()
    assert cx.explain(Way(pairs, f=nn.Linear(10, 1)), (6, 5), 2).problems == ()


def test_a_long_line_that_is_cut_is_found() -> None:
    model = Way(lambda s, x: s.f(s.c(x).view(-1, 800)), c=nn.Conv1d(1, 16, 1), f=nn.Linear(800, 2))
    (problem,) = cx.explain(model, (1, 1600), 2).problems
    assert (problem.kind, problem.facts["after"]) == ("batch", 64)


class Levels(nn.Module):
    """A U-Net of some levels."""

    def __init__(self, levels: int) -> None:
        super().__init__()
        self.convs = nn.ModuleList(nn.Conv2d(3 if at == 0 else 4, 4, 1) for at in range(levels))
        self.last = nn.Conv2d(4 + 4 * (levels - 1), 2, 1)

    def forward(self, x: Tensor) -> Any:
        maps = []
        for at, conv in enumerate(self.convs):
            x = conv(F.max_pool2d(x, 2) if at else x)
            maps.append(x)
        y = maps.pop()
        while maps:
            y = torch.cat([maps.pop(), F.interpolate(y, scale_factor=2)], 1)
        return self.last(y)


def test_nothing_false_is_said_of_small_u_nets() -> None:
    (problem,) = cx.explain(Levels(5), (3, 8, 8)).problems
    assert problem.kind == "kernel"
    assert all(48 in fits for fits in problem.fits)
    (problem,) = cx.explain(Levels(9), (3, 300, 300)).problems
    assert problem.kind == "cat"
    assert {"resize", "pad"} <= {each.kind for each in problem.cures}


def test_a_slice_of_a_table_is_no_size() -> None:
    def way(s: Any, x: Tensor) -> Tensor:
        y = F.interpolate(F.max_pool2d(x, 2), scale_factor=2)
        return y + s.t.weight.view(1, 1, 40, 40)[:, :, : x.shape[2], : x.shape[3]]

    (problem,) = cx.explain(Way(way, t=nn.Linear(40, 40, bias=False)), (1, 15, 15)).problems
    assert problem.kind == "add"
    assert problem.fits == ()


def test_one_side_that_is_large_enough_stays() -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 7), nn.MaxPool2d(2), nn.Conv2d(4, 4, 5))
    (problem,) = cx.explain(model, (3, 10, 640)).problems
    assert [each.code for each in problem.cures][:2] == [
        'x = F.interpolate(x, size=(16, 640), mode="bilinear", antialias=True)',
        "x = F.pad(x, (0, 0, 3, 3))",
    ]


def test_a_module_that_decides_by_values_is_explained() -> None:
    def way(s: Any, x: Tensor) -> Tensor:
        y = s.c(x)
        if torch.isnan(y).any():
            raise ValueError("nan")
        return s.f(y.flatten(1))

    model = Way(way, c=nn.Conv2d(1, 2, 3), f=nn.Linear(72, 3))
    (problem,) = cx.explain(model, (1, 10, 10)).problems
    assert (problem.kind, problem.name) == ("features", "f")
    assert problem.fits


def test_huge_inputs_are_no_crash() -> None:
    assert cx.explain(nn.Sequential(nn.ReLU()), (1, 2**58)).problems == ()


def test_a_message_is_not_answered_by_a_smaller_map() -> None:
    for text in ("(4x512 and 25088x4096)", "(32x400 and 1024x10)", "(2x10 and 10x5)"):
        found = explained_message(f"mat1 and mat2 shapes cannot be multiplied {text}")
        assert "pool" not in {each.kind for each in found.problems[0].cures}


def test_a_stack_is_told_as_one() -> None:
    model = Way(lambda s, x: torch.stack([s.c(x), x], 1), c=nn.Conv2d(3, 3, 3))
    (problem,) = cx.explain(model, (3, 9, 9)).problems
    assert problem.kind == "stack"
    assert "cannot stack 1×3×7×7 and 1×3×9×9" in cx.explain(model, (3, 9, 9)).to_text("en")


def test_a_users_own_words_keep_their_brackets() -> None:
    def way(*_: Any) -> Tensor:
        raise ValueError("floor(3.5)")

    assert "floor(3.5)" in cx.explain(Way(way), (3,)).to_html("en")


@pytest.mark.parametrize(
    ("file", "cell"),
    [
        ("ipykernel_26619/770.py", True),
        ("<ipython-input-3-abc>", True),
        ("tmp/ipython-input-3-abc.py", True),
        ("home/ipykernel_tools/net.py", False),
    ],
)
def test_cells_are_told_from_files(file: str, cell: bool) -> None:
    assert words.place(Place(file, 9, "")).startswith("a notebook cell") == cell


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_through_a_link_to_the_package_the_users_line_is_told(
    tmp_path: Path, fresh_python: Callable[[str], str]
) -> None:
    (tmp_path / "link").symlink_to(Path(cx.__file__).parents[1])
    (tmp_path / "theirs.py").write_text(
        "from torch import nn\n\n\nclass Net(nn.Module):\n    def __init__(self):\n"
        "        super().__init__()\n        self.fc = nn.Linear(9, 5)\n\n"
        "    def forward(self, x):\n        return self.fc(x.flatten(1))\n"
    )
    told = fresh_python(
        f"import sys\nsys.path[:0] = {[str(tmp_path / 'link'), str(tmp_path)]!r}\n"
        "import cnnexplain as cx, theirs\nassert 'link' in cx.__file__\n"
        "print(cx.explain(theirs.Net(), (1, 4, 4)).problems[0].place)"
    )
    assert "theirs.py" in told
    assert "line=10" in told
