"""Films from pictures: GIF and MP4, by libraries, the same bytes for the same pictures."""

from __future__ import annotations

import subprocess
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from cnnexplain.errors import CnnExplainError

if TYPE_CHECKING:
    from collections.abc import Iterable

_EXPORT, _VIDEO = 'pip install "cnnexplain[export]"', 'pip install "cnnexplain[video]"'
# Browsers slow down what is faster.
_SHORTEST = 0.02
# A GIF has one colour more, which is none. They are chosen from one pixel in so many, each way.
_COLOURS, _SAMPLED, _MOST_SAMPLES = 255, 2, 64
# Players that seek, and editors, stumble over videos of one frame in a second.
_RATE = 25
# The codec wants even sides: a row or a column of the ground is left out.
_FITTED = ["-vf", f"crop=trunc(iw/2)*2:trunc(ih/2)*2,fps={_RATE}"]
# Sharp text, in a format that every player knows.
_CODEC = ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-crf", "18", "-tune", "animation"]
# No date and no version in the file; threads would share the frames out as they come.
_EXACT = ["-threads", "1", "-fflags", "+bitexact", "-flags:v", "+bitexact"]


def gif(frames: Iterable[bytes], seconds: float) -> bytes:
    """Return pictures as a GIF that begins again when it ends.

    Args:
        frames: The pictures as PNG, all of one size.
        seconds: The time of each.

    Raises:
        CnnExplainError: If the library is missing.
    """
    first, *rest = _alike(list(frames))
    file = BytesIO()
    # GIF counts hundredths of a second.
    duration = max(round(100 * seconds), round(100 * _SHORTEST)) * 10
    first.save(file, "GIF", save_all=True, append_images=rest, duration=duration, loop=0)
    return file.getvalue()


def mp4(frames: Iterable[bytes], seconds: float) -> bytes:
    """Return pictures as an MP4 video.

    Args:
        frames: The pictures as PNG, all of one size.
        seconds: The time of each.

    Raises:
        CnnExplainError: If the library is missing, or fails.
    """
    try:
        import imageio_ffmpeg  # noqa: PLC0415  # an extra
    except ImportError as error:
        raise CnnExplainError("imageio-ffmpeg, which makes videos", str(error), _VIDEO) from error

    pictures = b"".join(frames)
    try:
        with TemporaryDirectory() as folder:
            path = Path(folder, "film.mp4")
            program = imageio_ffmpeg.get_ffmpeg_exe()
            rate = f"{1 / seconds:.9g}"
            taken = ["-f", "image2pipe", "-c:v", "png", "-framerate", rate, "-i", "-"]
            command = [program, "-v", "error", *taken, *_FITTED, *_CODEC, *_EXACT, str(path)]
            done = subprocess.run(command, input=pictures, capture_output=True, check=False)  # noqa: S603  # our own command
            if done.returncode:
                told = done.stderr.decode(errors="replace").strip().partition("\n")[0]
                how = told or f"it ended with status {done.returncode}"
                raise CnnExplainError("a video by ffmpeg", how, "save a GIF instead")
            return path.read_bytes()
    except OSError as error:
        raise CnnExplainError(
            "a folder for temporary files that can be written",
            error.strerror or str(error),
            "name one in TMPDIR, or save a GIF instead",
        ) from error


def _alike(frames: list[bytes]) -> list[Any]:
    """Give all pictures the same colours, so that only what changes is written again."""
    size = _opened(frames[0]).size
    from PIL import Image  # noqa: PLC0415  # an extra

    # Of a long film some frames are enough, and not all are held in full colour at once.
    chosen = frames[:: max(len(frames) // _MOST_SAMPLES, 1)]
    width, height = (max(side // _SAMPLED, 1) for side in size)
    samples = Image.new("RGB", (width, height * len(chosen)))
    for at, frame in enumerate(chosen):
        sample = _opened(frame).resize((width, height), Image.Resampling.NEAREST)
        samples.paste(sample, (0, at * height))
    palette = samples.quantize(_COLOURS, Image.Quantize.MEDIANCUT)
    return [_opened(each).quantize(palette=palette, dither=Image.Dither.NONE) for each in frames]


def _opened(png: bytes) -> Any:
    """Return a picture in plain colours, which it has anyway: figures have a ground."""
    try:
        from PIL import Image  # noqa: PLC0415  # an extra
    except ImportError as error:
        raise CnnExplainError("Pillow, which makes films", str(error), _EXPORT) from error
    return Image.open(BytesIO(png)).convert("RGB")
