"""The photographs of a page's figures lie beside the page."""

from __future__ import annotations

from base64 import b64encode

from cnnexplain.book.pictures import apart

JPEG, PNG = b"\xff\xd8 a photograph", b"\x89PNG another"


def carried(content: bytes, kind: str) -> str:
    address = f"data:image/{kind};base64,{b64encode(content).decode()}"
    return f'<symbol id="a"><image href="{address}" width="1"/></symbol>'


def test_the_same_photograph_is_one_file_and_each_keeps_its_bytes() -> None:
    page = carried(JPEG, "jpeg") + carried(PNG, "png") + carried(JPEG, "jpeg")
    html, found = apart(page, "../../")
    assert sorted(found.values()) == sorted([JPEG, PNG])
    assert "base64" not in html
    for name, content in found.items():
        assert html.count(f'href="../../{name}"') == (2 if content == JPEG else 1)


def test_what_is_no_figures_photograph_stays() -> None:
    page = '<img src="data:image/png;base64,QUJD"><code>href="data:image/png;base64,QUJD"</code>'
    assert apart(page, "") == (page, {})
