"""What the tools of Node read, and what is made of their reports."""

import json
import shutil
import sys
from pathlib import Path

import pytest

from cnnexplain.book import proofread
from cnnexplain.book.proofread import Mistake, japanese, lay_out, only_labels, only_prose, spelling

ROOT = Path(__file__).parents[2]
FILES = {
    "docs/en/a.md": "# Size {#size}\n\nA lable.\n",
    "docs/ja/a.md": "# サイズ {#size}\n\n層は、動き、止まり、回り、跳び、終わります。\n",
    "docs/fr/a.md": "# Taille {#size}\n\nUne tayle, d'Alpaydin.\n",
    "src/cnnexplain/languages/en.toml": '[a]\n\nb = "a lable"\n',
    "src/cnnexplain/languages/ja.toml": (
        '[a]\nb = "層である"\n"c" = "{n}層です。層である。{n}、層"\n'
    ),
    "src/cnnexplain/languages/fr.toml": '[a]\nb = "l’axe"\nc = "une\\u00a0tayle"\n',
}


def project(root: Path) -> Path:
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return root


@pytest.mark.parametrize(
    ("page", "read"),
    [
        ("---\nhide: [toc]\n---\n\na", "\n\n\n\na"),
        ("# A {#a}\n\n**b** of `c d` and $e$", "# A \n\n**b** of `x` and `x`"),
        ("```python\na\n```\n\nb", "\n\n\n\nb"),
        ('--8<-- "figures/a.html"\n\na {{ b }}', "\n\na 7"),
        ('!!! note "A {{ b }}"\n\n    c\n', "#### A 7\n\nc\n"),
        ("<details>\n<summary>A</summary>\n\nb\n\n</details>", "\n#### A\n\nb\n\n"),
        ("| a | b |\n| -- | -- |\n| c | d |", "| a | b |\n| -- | -- |\n| c | d |"),
        ("[a](b.md#c), <https://d.e>[^f]", "[a](x), `x`"),
        ("[A work](https://b.c), 2014", "[…](x), 2014"),
        ("so\n\n$$a$$\n\nis b.", "so\n`x`\n`x`\n`x`\nis b."),
        ("So.\n\n$$\na\n$$\n\nIt is.", "So.\n\n\n\n\n\nIt is."),
    ],
)
def test_a_page_is_laid_out_line_by_line(page: str, read: str) -> None:
    assert only_prose(page) == read


@pytest.mark.parametrize("file", sorted(ROOT.glob("docs/??/**/*.md")), ids=lambda file: file.name)
def test_no_line_of_a_page_moves(file: Path) -> None:
    text = file.read_text(encoding="utf-8")

    assert only_prose(text).count("\n") == text.count("\n")


def test_labels_are_paragraphs() -> None:
    catalogue = FILES["src/cnnexplain/languages/ja.toml"]

    assert only_labels(catalogue, sentences=False).split("\n\n") == [
        "", "層である", "×層です。層である。×、層", "", "",
    ]  # fmt: skip
    assert only_labels(catalogue, sentences=True).split("\n\n") == [
        "", "", "×層です。層である。", "", "",
    ]  # fmt: skip


def test_reports_are_read_back_to_the_source(tmp_path: Path) -> None:
    folder = tmp_path / "prose"
    written = lay_out(project(tmp_path), folder)
    page, labels = folder / "ja/pages/a.md", folder / "ja/labels.md"
    report = [
        {
            "filePath": str(page),
            "messages": [{"line": 3, "ruleId": "a/max-ten", "message": "b\nc"}],
        },
        {"filePath": str(labels), "messages": [{"line": 5, "ruleId": "d", "message": "e"}]},
    ]

    assert [str(each) for each in japanese(json.dumps(report), written)] == [
        "docs/ja/a.md:3: max-ten: b c",
        "src/cnnexplain/languages/ja.toml:3: d: e",
    ]
    found = "fr/pages/a.md:3:5 - Unknown word (tayle) \nfr/labels.md:5:5 - Unknown word (tayle)\n"
    assert list(spelling(found, written, folder)) == [
        Mistake("docs/fr/a.md", 3, "Unknown word (tayle)"),
        Mistake("src/cnnexplain/languages/fr.toml", 3, "Unknown word (tayle)"),
    ]


def test_a_tool_that_fails_is_named(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"python.* did not read the prose:\n.*no such thing"):
        proofread._run([sys.executable, "-c", "raise SystemExit('no such thing')"], tmp_path)


@pytest.mark.skipif(
    not shutil.which("node") or not (ROOT / "node_modules" / "textlint").is_dir(),
    reason="make prose has not got textlint and cspell",
)
def test_the_tools_find_mistakes_of_each_kind(tmp_path: Path) -> None:
    root = project(tmp_path)
    shutil.copytree(ROOT / "docs/words", root / "docs/words")
    shutil.copy(ROOT / ".textlintrc.yml", root)
    (root / "node_modules").symlink_to(ROOT / "node_modules")

    found = {str(each)[: str(each).index(each.message) + 12] for each in proofread.proofread(root)}

    assert found == {
        "docs/ja/a.md:3: max-ten: 一つの",
        "docs/en/a.md:3: Unknown word",
        "docs/fr/a.md:3: Unknown word",
        "src/cnnexplain/languages/en.toml:3: Unknown word",
        "src/cnnexplain/languages/ja.toml:3: no-mix-dearu",
        "src/cnnexplain/languages/fr.toml:3: Unknown word",
    }
