"""Films, read back by Pillow and by ffmpeg."""

from __future__ import annotations

import subprocess
import sys
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import imageio_ffmpeg
import pytest
from PIL import Image
from tests.moments import matched

from cnnexplain import figures, film
from cnnexplain.errors import ArgumentError, CnnExplainError

WIDTH = 480


@pytest.fixture(scope="module")
def figure() -> figures.Figure:
    return figures.stride(5, 3, 2)


def pixels(png: bytes) -> Any:
    return Image.open(BytesIO(png)).convert("RGB")


def difference(one: Any, other: Any) -> float:
    """Return how much two pictures differ on average, from 0 to 255."""
    pairs = zip(one.tobytes(), other.tobytes(), strict=True)
    return float(sum(abs(a - b) for a, b in pairs) / len(one.tobytes()))


def test_a_gif_has_each_moment_once_and_begins_again(figure: figures.Figure) -> None:
    opened: Any = Image.open(BytesIO(figure.gif(WIDTH)))
    assert opened.n_frames == figure.steps == 4
    assert opened.info["loop"] == 0
    for step in range(figure.steps):
        opened.seek(step)
        assert opened.info["duration"] == 600
        assert difference(opened.convert("RGB"), pixels(figure.png(WIDTH, step=step))) < 0.5
        other = pixels(figure.png(WIDTH, step=(step + 1) % figure.steps))
        assert difference(opened.convert("RGB"), other) > 1


def test_a_video_shows_each_moment_as_long_as_the_page(figure: figures.Figure) -> None:
    frames = read(figure.mp4(WIDTH))
    assert len(frames) == round(figure.steps * 0.6 * 25)
    for step in range(figure.steps):
        shown = frames[round((step + 0.5) * 0.6 * 25)]
        wanted = pixels(figure.png(WIDTH, step=step)).resize(shown.size)
        assert difference(shown, wanted) < 3


def read(data: bytes) -> list[Any]:
    """Decode a video with ffmpeg itself."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "film.mp4")
        path.write_bytes(data)
        program = [imageio_ffmpeg.get_ffmpeg_exe(), "-i", str(path)]
        raw = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
        done = subprocess.run([*program, *raw], capture_output=True, check=True)
    found = matched(r", (\d+)x(\d+)[, ]", done.stderr.decode())
    width, height = (int(side) for side in found.groups())
    size = 3 * width * height
    frames = [done.stdout[at : at + size] for at in range(0, len(done.stdout), size)]
    return [Image.frombytes("RGB", (width, height), frame) for frame in frames]


@pytest.mark.parametrize("width", [301, 480])
def test_a_video_has_even_sides_whatever_is_asked_for(width: int, figure: figures.Figure) -> None:
    shown = read(figure.mp4(width))[0]
    assert all(side % 2 == 0 for side in shown.size)
    assert abs(shown.width - width) <= 1


def test_films_are_the_same_bytes_again(figure: figures.Figure) -> None:
    assert figure.gif(WIDTH) == figure.gif(WIDTH)
    assert figure.mp4(WIDTH) == figure.mp4(WIDTH)


def test_twice_the_speed_takes_half_the_time(figure: figures.Figure) -> None:
    fast = figure.faster(2)
    opened: Any = Image.open(BytesIO(fast.gif(WIDTH)))
    assert opened.info["duration"] == 300
    assert len(read(fast.mp4(WIDTH))) == round(figure.steps * 0.3 * 25)
    assert "--cx-step:.3s" in fast.svg
    assert '"seconds":0.3' in fast.inline("a")


@pytest.mark.parametrize("speed", [0, 0.01, 11, float("nan"), "2", True, None])
def test_a_speed_that_is_none_is_refused(speed: Any, figure: figures.Figure) -> None:
    with pytest.raises(ArgumentError) as caught:
        figure.faster(speed)
    shown = repr(speed) if isinstance(speed, str) else speed
    assert str(caught.value).splitlines() == [
        "expected: speed from 0.1 to 10.0, where 1 is that of a page",
        f"received: speed={shown}",
        "cure: write for example speed=2",
    ]


def test_progress_is_told_after_each_frame(figure: figures.Figure) -> None:
    told: list[tuple[int, int]] = []
    figure.gif(WIDTH, progress=lambda done, count: told.append((done, count)))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_the_dark_theme_is_dark(figure: figures.Figure) -> None:
    opened: Any = Image.open(BytesIO(figure.gif(WIDTH, "dark")))
    assert opened.convert("RGB").getpixel((1, 1)) == (0x1E, 0x23, 0x29)


def test_a_figure_that_stands_still_has_one_frame() -> None:
    still = figures.halo({0: 0.3, 32: 0.1})
    opened: Any = Image.open(BytesIO(still.gif(WIDTH)))
    assert opened.n_frames == still.steps


@pytest.mark.parametrize(
    ("name", "make", "cure"),
    [("PIL", "gif", "export"), ("imageio_ffmpeg", "mp4", "video")],
)
def test_a_missing_library_is_named_with_its_extra(
    name: str, make: str, cure: str, figure: figures.Figure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(CnnExplainError) as caught:
        getattr(film, make)([figure.png(WIDTH)], 1.0)
    assert str(caught.value).splitlines()[2] == f'cure: pip install "cnnexplain[{cure}]"'


def test_a_video_that_fails_says_so(
    figure: figures.Figure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(film, "_CODEC", ["-c:v", "nothing"])
    with pytest.raises(CnnExplainError) as caught:
        figure.mp4(WIDTH)
    expected, received, cure = str(caught.value).splitlines()
    assert expected == "expected: a video by ffmpeg"
    assert "nothing" in received
    assert cure == "cure: save a GIF instead"


def test_a_video_without_a_folder_for_temporary_files_says_so(
    figure: figures.Figure, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise FileNotFoundError(2, "No usable temporary directory found in ['/tmp']")

    monkeypatch.setattr(film, "TemporaryDirectory", fail)
    with pytest.raises(CnnExplainError) as caught:
        figure.mp4(WIDTH)
    assert str(caught.value).splitlines() == [
        "expected: a folder for temporary files that can be written",
        "received: No usable temporary directory found in ['/tmp']",
        "cure: name one in TMPDIR, or save a GIF instead",
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="limits of a process")
def test_a_file_that_finds_no_room_leaves_the_old_one_and_no_part(tmp_path: Path) -> None:
    names = ["a.svg", "a.html", "a.png", "a.gif", "a.mp4"]
    for name in names:
        (tmp_path / name).write_bytes(b"old")
    program = (
        "import resource, sys, cnnexplain as cx\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "for path in sys.argv[1:]:\n"
        "    try:\n        cx.figures.stride(3, 2).save(path)\n"
        "    except cx.CnnExplainError as error:\n"
        "        print(error.received.rpartition(chr(40))[2])"
    )
    command = [sys.executable, "-B", "-c", program, *(str(tmp_path / name) for name in names)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    # The system ends a program that writes more than it may, such as ffmpeg, and Python asks.
    assert done.stdout.splitlines() == [
        *["File too large)"] * 4,
        "it ended with status -25",
    ]
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == dict.fromkeys(
        names, b"old"
    )
