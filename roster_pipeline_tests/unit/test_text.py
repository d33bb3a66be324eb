"""Foreign text as a label: one line, nothing that a terminal or a database would obey or refuse, and never too long."""

import pytest

from roster_pipeline.model.text import LONGEST_LABEL, label


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Alder Valley USD", "Alder Valley USD"),
        ("  two\nlines\tand\r\nmore ", "two lines and more"),
        ("\x1b[31mred\x00\x07", "[31mred"),
        ("right\u202eto left\ud800", "right to left"),
        ("", ""),
        ("a" * LONGEST_LABEL, "a" * LONGEST_LABEL),
        ("a" * (LONGEST_LABEL + 1), "a" * (LONGEST_LABEL - 1) + "…"),
    ],
)
def test_foreign_text_becomes_a_clean_label(text, expected):
    assert label(text) == expected


def test_widest_characters_fit_an_index_of_postgresql():
    assert len(label("\U0001f3eb" * 5000).encode()) < 2704
