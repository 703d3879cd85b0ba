"""The site's own pages in three languages."""

from pathlib import Path

from cnnexplain.book.parity import check

ROOT = Path(__file__).parents[2]


def test_the_pages_and_labels_of_the_three_languages_agree() -> None:
    findings = check(ROOT)
    errors = [str(finding) for finding in findings if not finding.warning]

    assert not errors, "\n".join(["", *errors, *(str(f) for f in findings if f.warning)])
