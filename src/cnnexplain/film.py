"""Films from pictures: GIF and MP4, by libraries, the same bytes for the same pictures."""

from __future__ import annotations

from contextlib import closing
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
_COLOURS, _SAMPLED = 255, 2
# Players that seek, and editors, stumble over videos of one frame in a second.
_RATE = 25
_CODEC = "libx264"
# Sharp text, in colours that every player knows.
_QUALITY = ["-crf", "18", "-preset", "medium", "-tune", "animation", "-movflags", "+faststart"]
# No date and no version in the file; threads would share the frames out as they come.
_EXACT = ["-threads", "1", "-fflags", "+bitexact", "-flags:v", "+bitexact", "-map_metadata", "-1"]


def gif(frames: Iterable[bytes], seconds: float) -> bytes:
    """Return pictures as a GIF that begins again when it ends.

    Args:
        frames: The pictures as PNG, all of one size.
        seconds: The time of each.

    Raises:
        CnnExplainError: If the library is missing.
    """
    first, *rest = _alike([_opened(frame) for frame in frames])
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

    first, *rest = [_opened(frame) for frame in frames]
    with TemporaryDirectory() as folder:
        path = Path(folder, "film.mp4")
        try:
            writer = imageio_ffmpeg.write_frames(
                str(path),
                first.size,
                fps=_RATE,
                codec=_CODEC,
                macro_block_size=2,
                output_params=[*_QUALITY, *_EXACT],
            )
            with closing(writer):
                writer.send(None)
                written = 0
                for at, picture in enumerate((first, *rest), 1):
                    until = max(round(at * seconds * _RATE), written + 1)
                    for _ in range(written, until):
                        writer.send(picture.tobytes())
                    written = until
            return path.read_bytes()
        except OSError as error:
            raise CnnExplainError(
                "a video by ffmpeg", str(error).strip(), "save a GIF instead"
            ) from error


def _alike(pictures: list[Any]) -> list[Any]:
    """Give all pictures the same colours, so that only what changes is written again."""
    from PIL import Image  # noqa: PLC0415  # an extra

    width, height = (max(size // _SAMPLED, 1) for size in pictures[0].size)
    samples = Image.new("RGB", (width, height * len(pictures)))
    for at, picture in enumerate(pictures):
        samples.paste(picture.resize((width, height), Image.Resampling.NEAREST), (0, at * height))
    palette = samples.quantize(_COLOURS, Image.Quantize.MEDIANCUT)
    return [each.quantize(palette=palette, dither=Image.Dither.NONE) for each in pictures]


def _opened(png: bytes) -> Any:
    """Return a picture in plain colours, which it has anyway: figures have a ground."""
    try:
        from PIL import Image  # noqa: PLC0415  # an extra
    except ImportError as error:
        raise CnnExplainError("Pillow, which makes films", str(error), _EXPORT) from error
    return Image.open(BytesIO(png)).convert("RGB")
