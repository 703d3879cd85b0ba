"""How many pixels a photograph has, by its header: against Pillow, and for files that lie."""

from __future__ import annotations

from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from cnnexplain.figures.photographs import JPEG, PNG, pixels


def photograph(kind: str, size: tuple[int, int], **options: object) -> bytes:
    written = BytesIO()
    Image.new("RGB", size).save(written, kind, **options)
    return written.getvalue()


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("PNG", {}),
        ("JPEG", {}),
        ("JPEG", {"progressive": True, "comment": b"\xff\xc0 is no marker here", "dpi": (72, 72)}),
        ("JPEG", {"exif": b"Exif\0\0" + bytes(900), "icc_profile": bytes(70_000)}),
    ],
)
@given(st.integers(1, 300), st.integers(1, 300))
def test_the_size_is_the_one_that_pillow_tells(
    kind: str, options: dict[str, object], width: int, height: int
) -> None:
    content = photograph(kind, (width, height), **options)
    assert pixels(content) == (height, width)


def test_bytes_that_fill_up_before_a_marker_are_passed_over() -> None:
    content = photograph("JPEG", (7, 5))
    assert pixels(content[:2] + b"\xff\xff" + content[2:]) == (5, 7)


def test_a_second_header_does_not_hide_a_huge_one() -> None:
    content = photograph("JPEG", (7, 5))
    at = content.index(b"\xff\xc0")
    frame = content[at : at + 19]
    huge = frame[:5] + b"\xff\xff" * 2 + frame[9:]
    for both in (frame + huge, huge + frame):
        assert pixels(content[:at] + both + content[at + 19 :]) == (65_535, 65_535)
    assert pixels(content[:at] + frame + b"hidden" + huge + content[at + 19 :]) is None


@given(st.sampled_from([PNG, JPEG, JPEG + b"\xe0", b""]), st.binary(max_size=60))
def test_any_bytes_have_a_size_or_none(start: bytes, rest: bytes) -> None:
    found = pixels(start + rest)
    assert found is None or min(found) > 0


@given(st.sampled_from(["PNG", "JPEG"]), st.integers(0, 700))
def test_a_file_that_is_cut_has_its_size_or_none(kind: str, end: int) -> None:
    assert pixels(photograph(kind, (40, 30))[:end]) in {None, (30, 40)}
