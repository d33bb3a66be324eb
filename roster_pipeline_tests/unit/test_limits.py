"""Limits can be given as shares, as percentages and as numbers of rows."""

import pytest

from roster_pipeline.cli.limits import parse_limit
from roster_pipeline.errors import CannotStart


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("district_removals=0.5", 0.5),
        ("district_removals=50%", 0.5),
        ("district_removals=100%", 1.0),
        ("class_at_least=7", 7),
    ],
)
def test_a_limit_takes_a_share_a_percentage_or_a_number(text, value):
    assert parse_limit(text) == (text.partition("=")[0], value)


@pytest.mark.parametrize("text", ["district_removals=101%", "district_removals=2", "district_removals=nan"])
def test_a_share_beyond_one_is_refused(text):
    with pytest.raises(CannotStart, match=r"must be between 0 and 1 \(0.25 = 25%\)"):
        parse_limit(text)


@pytest.mark.parametrize("text", ["class_at_least=0.5", "class_at_least=50%", "no_limit=1"])
def test_a_limit_that_is_no_number_or_unknown_is_refused(text):
    with pytest.raises(CannotStart):
        parse_limit(text)
