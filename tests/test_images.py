"""Photographs and weights from files, however strange they are, and the figure of a comparison."""

from __future__ import annotations

import os
import pickle
import struct
import sys
import warnings
import zlib
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

import cnnexplain as cx
from cnnexplain import images
from cnnexplain.conversion.modules import module_of
from cnnexplain.errors import ArgumentError, CnnExplainError

if TYPE_CHECKING:
    from collections.abc import Callable

    from cnnexplain.comparison import Comparison


pytestmark = pytest.mark.usefixtures("one_thread")


def noise(height: int, width: int) -> Image.Image:
    """A picture that no other picture looks like."""
    values = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(values)


def png(height: int, width: int) -> bytes:
    """A PNG file whose header claims to be as large as that, and nearly nothing behind it."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = (b"IHDR", header), (b"IDAT", zlib.compress(bytes(10))), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


def lines(call: Callable[[], object], kind: type[CnnExplainError] = ArgumentError) -> list[str]:
    """The three lines with which a call is refused."""
    with pytest.raises(kind) as caught:
        call()
    return str(caught.value).splitlines()


# --- Photographs ---


@pytest.mark.parametrize("name", ["x.png", "x.bmp", "x.tif", "x.ppm"])
def test_a_photograph_is_read_as_it_is(name: str, tmp_path: Path) -> None:
    picture = noise(6, 9)
    picture.save(tmp_path / name)
    assert np.array_equal(np.asarray(images.photograph(tmp_path / name)), np.asarray(picture))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK"])
def test_other_modes_become_red_green_and_blue(mode: str, tmp_path: Path) -> None:
    picture = noise(6, 9).convert(mode)
    picture.save(tmp_path / "x.tif")
    read = images.photograph(tmp_path / "x.tif")
    assert np.array_equal(np.asarray(read), np.asarray(picture.convert("RGB")))


def test_a_photograph_that_was_taken_upright_stands_upright(tmp_path: Path) -> None:
    picture = noise(6, 9)
    turned = picture.getexif()
    turned[0x0112] = 6  # to be turned by a quarter, clockwise
    picture.save(tmp_path / "x.png", exif=turned)
    read = images.photograph(tmp_path / "x.png")
    assert np.array_equal(np.asarray(read), np.rot90(np.asarray(picture), -1))


def test_a_photograph_is_brought_to_a_size(tmp_path: Path) -> None:
    noise(6, 9).save(tmp_path / "x.png")
    read = images.photograph(tmp_path / "x.png", (12, 4))
    assert (read.height, read.width) == (12, 4)


@pytest.mark.parametrize(
    ("height", "width", "told"),
    [
        (7000, 8000, "7000×8000 pixels"),
        (10_000, 10_000, "10000×10000 pixels"),  # where Pillow warns
        (60_000, 60_000, "Image size (3600000000 pixels) exceeds limit"),  # and where it refuses
    ],
)
def test_a_photograph_with_too_many_pixels_is_refused_by_its_header(
    height: int, width: int, told: str, tmp_path: Path
) -> None:
    file = tmp_path / "x.png"
    file.write_bytes(png(height, width))  # nothing of that size could be decoded from it
    expected, received, cure = lines(lambda: images.photograph(file))
    assert expected == "expected: a photograph of at most 50 million pixels"
    assert told in received
    assert cure == "cure: make it smaller before"


def test_fifty_million_pixels_are_not_too_many(tmp_path: Path) -> None:
    (tmp_path / "x.png").write_bytes(png(5000, 10_000))
    _, received, _ = lines(lambda: images.photograph(tmp_path / "x.png"))
    assert "truncated" in received


def test_a_size_with_too_many_pixels_is_refused(tmp_path: Path) -> None:
    assert lines(lambda: images.photograph(tmp_path / "x.png", (9000, 9000))) == [
        "expected: a size of at most 50 million pixels",
        "received: 9000×9000",
        "cure: use a smaller one",
    ]


def encoded(kind: str, **options: Any) -> bytes:
    written = BytesIO()
    noise(40, 40).save(written, kind, **options)
    return written.getvalue()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "cannot identify image file"),
        (b"hello", "cannot identify image file"),
        (encoded("JPEG")[:900], "truncated"),
        (encoded("PNG")[:500], "truncated"),
        (encoded("EPS"), "cannot identify image file"),  # which Pillow would have run
    ],
    ids=["empty", "text", "half a JPEG", "half a PNG", "PostScript"],
)
def test_what_is_no_photograph_is_refused(content: bytes, told: str, tmp_path: Path) -> None:
    (tmp_path / "x.png").write_bytes(content)
    expected, received, cure = lines(lambda: images.photograph(tmp_path / "x.png"))
    assert expected == "expected: a photograph that Pillow can read, such as a PNG or JPEG file"
    assert told in received
    assert cure == "cure: name the file of a photograph"


@pytest.mark.parametrize("name", ["nowhere.png", "", "n" * 300, "\0"])
def test_a_file_that_is_not_there_is_refused(name: str, tmp_path: Path) -> None:
    assert len(lines(lambda: images.photograph(tmp_path / name))) == 3


@pytest.mark.parametrize("mode", ["I;16", "F"])
def test_channels_of_more_than_8_bits_are_not_cut_off(mode: str, tmp_path: Path) -> None:
    Image.new(mode, (40, 40)).save(tmp_path / "x.tif")
    assert lines(lambda: images.photograph(tmp_path / "x.tif"))[0] == (
        "expected: a photograph with 8 bits in each channel"
    )


@pytest.mark.parametrize("channels", [1, 3])
def test_pixels_are_scaled_and_normalised(channels: int) -> None:
    picture = noise(5, 7)
    mean, std = (0.485, 0.456, 0.406)[:channels], (0.229, 0.224, 0.225)[:channels]
    values = np.asarray(picture if channels == 3 else picture.convert("L"), np.float64)
    wanted = (values.reshape(5, 7, channels) / 255 - mean) / std
    found = images.tensor(picture, channels, mean, std)
    assert found.dtype == torch.float64
    assert np.allclose(found.numpy(), wanted.transpose(2, 0, 1), rtol=0, atol=1e-15)


def test_one_number_is_for_all_channels() -> None:
    picture = noise(5, 7)
    one, all_three = (images.tensor(picture, 3, [0.5] * n, [0.25] * n) for n in (1, 3))
    assert torch.equal(one, all_three)


def test_grey_stays_as_it_was() -> None:
    grey = Image.fromarray(np.arange(256, dtype=np.uint8).reshape(16, 16))
    found = images.tensor(grey.convert("RGB"), 1, [0.0], [1.0])
    assert torch.equal((found * 255).round().flatten(), torch.arange(256).double())


def test_as_many_numbers_as_channels() -> None:
    assert lines(lambda: images.tensor(noise(5, 7), 3, [0.0], [1.0, 1.0])) == [
        "expected: std with one number, or one for each of 3 channels",
        "received: std with 2 numbers",
        "cure: give as many numbers as the network has channels",
    ]


def test_a_figure_gets_no_larger_photograph_than_it_draws() -> None:
    with Image.open(BytesIO(images.encoded(noise(400, 2048)))) as drawn:
        assert (drawn.format, drawn.size) == ("JPEG", (1024, 200))
    with Image.open(BytesIO(images.encoded(noise(40, 50)))) as drawn:
        assert drawn.size == (50, 40)


# --- Weights ---


def lenet() -> nn.Module:
    return module_of(cx.networks.lenet5())


def test_weights_are_those_of_the_file(tmp_path: Path) -> None:
    wanted = {name: torch.randn(each.shape) for name, each in lenet().state_dict().items()}
    torch.save(wanted, tmp_path / "x.pt")
    model = lenet()
    images.load_weights(model, tmp_path / "x.pt")
    assert all(torch.equal(each, wanted[name]) for name, each in model.state_dict().items())


class Touch:
    """What makes a file as soon as a pickle of it is read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("protocol", [2, 4])
@pytest.mark.parametrize("zipped", [True, False])
def test_a_pickle_that_wants_code_is_refused_and_does_not_run(
    protocol: int, zipped: bool, tmp_path: Path
) -> None:
    file, made = tmp_path / "x.pt", tmp_path / "made"
    if zipped:
        torch.save({"conv1.weight": Touch(made)}, file, pickle_protocol=protocol)
    else:
        file.write_bytes(pickle.dumps({"conv1.weight": Touch(made)}, protocol))
    expected, received, cure = lines(lambda: images.load_weights(lenet(), file))
    assert expected == "expected: a state dict, as torch.save(model.state_dict(), path) writes it"
    assert received.endswith(
        (": it wants to run posix.mkdir", ": a pickle, but none of weights alone")
    )
    assert cure == "cure: save the state_dict() of the model to a file of its own"
    assert not made.exists()


def test_the_same_pickle_runs_where_nothing_keeps_it_from_that(tmp_path: Path) -> None:
    pickle.loads(pickle.dumps(Touch(tmp_path / "made")))  # noqa: S301  # it is our own
    assert (tmp_path / "made").exists()


@pytest.mark.parametrize(
    ("saved", "told"),
    [
        (lambda model: model, "it wants to run torch.nn.modules.container.Sequential"),
        (lambda model: {"state_dict": dict(model.state_dict())}, "'state_dict' of type dict"),
        (lambda model: list(model.state_dict().values()), "a list"),
        (lambda _: {1: torch.zeros(1)}, "1 of type Tensor"),
    ],
    ids=["a module", "a checkpoint", "a list", "no names"],
)
def test_what_is_no_state_dict_is_refused(
    saved: Callable[[nn.Module], Any], told: str, tmp_path: Path
) -> None:
    torch.save(saved(lenet()), tmp_path / "x.pt")
    _, received, _ = lines(lambda: images.load_weights(lenet(), tmp_path / "x.pt"))
    assert received.endswith(f"x.pt': {told}")


@pytest.mark.parametrize("content", [b"", b"hello\n", b"PK\x03\x04", b"\x80\x02."])
def test_what_torch_did_not_save_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.pt").write_bytes(content)
    told = lines(lambda: images.load_weights(lenet(), tmp_path / "x.pt"))
    assert told[0] == "expected: a state dict, as torch.save(model.state_dict(), path) writes it"
    assert len(told) == 3


def test_weights_that_do_not_fit_are_named(tmp_path: Path) -> None:
    state = dict(lenet().state_dict())
    state["fc8.bias"] = state.pop("fc7.bias")
    torch.save(state, tmp_path / "names.pt")
    assert lines(lambda: images.load_weights(lenet(), tmp_path / "names.pt"))[1].endswith(
        "names.pt': missing: fc7.bias; unexpected: fc8.bias"
    )
    torch.save({"x": torch.zeros(1)}, tmp_path / "none.pt")
    assert lines(lambda: images.load_weights(lenet(), tmp_path / "none.pt"))[1].endswith(
        "missing: conv1.weight, conv1.bias, conv3.weight, conv3.bias, fc5.weight and 5 more;"
        " unexpected: x"
    )
    state = {**lenet().state_dict(), "fc7.weight": torch.zeros(3, 3), "fc7.bias": torch.tensor(0.0)}
    torch.save(state, tmp_path / "shapes.pt")
    assert lines(lambda: images.load_weights(lenet(), tmp_path / "shapes.pt"))[1].endswith(
        "fc7.weight of 3×3 where the network has 10×84,"
        " fc7.bias of one number where the network has 10"
    )


def test_weights_that_are_no_numbers_are_named(tmp_path: Path) -> None:
    state = {**lenet().state_dict(), "fc7.bias": torch.full((10,), torch.nan)}
    torch.save(state, tmp_path / "x.pt")
    told = lines(lambda: images.load_weights(lenet(), tmp_path / "x.pt"))
    assert told[0] == "expected: weights that are finite numbers"
    assert told[1].endswith("x.pt': fc7.bias has others")


def test_a_small_file_with_a_weight_of_any_size_is_refused_by_its_sizes(tmp_path: Path) -> None:
    state = {**lenet().state_dict(), "fc7.bias": torch.zeros(1).expand(2**45)}
    torch.save(state, tmp_path / "x.pt")
    assert (tmp_path / "x.pt").stat().st_size < 2**20
    told = lines(lambda: images.load_weights(lenet(), tmp_path / "x.pt"))
    assert told[0] == "expected: weights of this network, called as it calls them"
    assert "fc7.bias of 35184372088832 where the network has 10" in told[1]


def quantized() -> torch.Tensor:
    """Weights of the kind that torch no longer wants to be made, and that files still hold."""
    with warnings.catch_warnings(action="ignore"):
        return torch.quantize_per_tensor(torch.zeros(10), 0.1, 0, torch.qint8)


@pytest.mark.parametrize(
    ("weights", "told"),
    [
        (torch.zeros(10).to_sparse(), "torch.float32 and torch.sparse_coo on cpu"),
        (torch.zeros(10, dtype=torch.complex64), "torch.complex64 and torch.strided on cpu"),
        (quantized(), "torch.qint8 and torch.strided on cpu"),
        (
            torch.zeros(10).to(torch.float8_e4m3fn),
            "torch.float8_e4m3fn and torch.strided on cpu",
        ),
    ],
)
def test_weights_that_are_not_dense_and_real_are_named(
    weights: torch.Tensor, told: str, tmp_path: Path
) -> None:
    torch.save({**lenet().state_dict(), "fc7.bias": weights}, tmp_path / "x.pt")
    expected, received, cure = lines(lambda: images.load_weights(lenet(), tmp_path / "x.pt"))
    assert expected == "expected: dense weights of real numbers"
    assert received.partition("fc7.bias is none: ")[2] == told
    assert cure == "cure: save them as such"


def test_counters_that_old_files_lack_are_not_missed(tmp_path: Path) -> None:
    model: Any = nn.Sequential(nn.BatchNorm2d(3))
    names = ("weight", "bias", "running_mean", "running_var")
    torch.save({f"0.{name}": torch.full((3,), 2.0) for name in names}, tmp_path / "x.pt")
    images.load_weights(model, tmp_path / "x.pt")
    assert model[0].running_var.tolist() == [2, 2, 2]


@pytest.mark.parametrize(
    ("module", "extra", "call"),
    [
        ("PIL.Image", "export", lambda: images.photograph(Path("x.png"))),
        ("resvg_py", "export", lambda: images.check_drawing(Path("x.PNG"))),
        ("torch", "torch", lambda: images.check_device("cpu", "float64")),
        ("torch", "torch", lambda: images.load_weights(nn.ReLU(), Path("x.pt"))),
    ],
)
def test_a_missing_package_is_named_with_its_extra(
    module: str, extra: str, call: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    assert lines(call, CnnExplainError)[2] == f'cure: pip install "cnnexplain[{extra}]"'


# --- The figure of a comparison ---


@pytest.fixture(scope="module")
def compared() -> Comparison:
    generator = torch.Generator().manual_seed(0)
    image = torch.rand(1, 44, 40, generator=generator)
    return cx.compare(cx.networks.lenet5(), image, window=32, device="cpu")


def test_a_comparison_is_drawn_as_its_figure(compared: Comparison) -> None:
    wanted = cx.figures.comparison(
        compared.sliding[0, 3],
        compared.one_pass[0, 3],
        compared.errors,
        image_size=(44, 40),
        window=32,
        stride=4,
        exact=[[True] * 3] * 4,
        name="class 3",
    )
    assert compared.figure(3).svg == wanted.svg
    assert compared.figure(3).svg != compared.figure(4).svg


def test_the_class_with_the_highest_score_anywhere_is_drawn(compared: Comparison) -> None:
    highest = int(compared.sliding[0].flatten(1).max(1).values.argmax())
    assert compared.figure().svg == compared.figure(highest).svg
    assert compared._repr_html_() == compared.figure(highest).html


def test_the_photograph_lies_under_the_maps(compared: Comparison) -> None:
    drawn = compared.figure(photograph=images.encoded(noise(44, 40)))
    assert "data:image/jpeg;base64," in drawn.svg
    ET.fromstring(drawn.svg)  # noqa: S314  # it is our own


def test_a_figure_speaks_the_current_language(compared: Comparison) -> None:
    with cx.language("fr"):
        assert compared.figure().language == "fr"


@pytest.mark.parametrize("channel", [10, -1, True, 1.0, "0"])
def test_a_class_that_is_not_there_is_refused(channel: Any, compared: Comparison) -> None:
    assert lines(lambda: compared.figure(channel)) == [
        "expected: channel as a class from 0 to 9",
        f"received: channel={channel!r}",
        "cure: write for example channel=0, or leave it out",
    ]


def test_what_cannot_be_drawn_is_told_in_notebooks() -> None:
    pooled = "nn.Sequential(nn.Conv2d(1, 2, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten())"
    wide = cx.compare(pooled, torch.rand(1, 4, 140), window=4, device="cpu")
    assert wide._repr_html_() is None
    assert repr(wide).startswith("137 windows")


def test_scores_without_classes_are_drawn_too() -> None:
    class Mean(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x.mean((2, 3)).mean(1)

    found = cx.compare(Mean().eval(), torch.rand(3, 6, 7), window=4, device="cpu")
    assert found.sliding.shape == (1, 3, 4)
    assert found.agreement == 1
    assert "3×4 cells" in found.figure().title
    assert lines(lambda: found.figure(1))[0] == "expected: channel as a class from 0 to 0"
