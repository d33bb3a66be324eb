"""Foreign text as a label: one line, without control characters, and never too long."""

import pytest

from roster_pipeline.model.text import LABEL_MAX_CHARS, make_label


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Alder Valley USD", "Alder Valley USD"),
        ("  two\nlines\tand\r\nmore ", "two lines and more"),
        ("\x1b[31mred\x00\x07", "[31mred"),
        ("right\u202eto left\ud800", "right to left"),
        ("", ""),
        ("a" * LABEL_MAX_CHARS, "a" * LABEL_MAX_CHARS),
        ("a" * (LABEL_MAX_CHARS + 1), "a" * (LABEL_MAX_CHARS - 1) + "…"),
    ],
)
def test_foreign_text_becomes_a_clean_label(text, expected):
    assert make_label(text) == expected


def test_widest_characters_fit_an_index_of_postgresql():
    assert len(make_label("\U0001f3eb" * 5000).encode()) < 2704
