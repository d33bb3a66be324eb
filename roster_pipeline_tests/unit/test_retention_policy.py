"""Reads the retention periods, and refuses a malformed file in one line."""

import tomllib
from dataclasses import asdict
from pathlib import Path

import pytest

from roster_pipeline.errors import SettingRefused
from roster_pipeline.privacy.policy import DEFAULTS, RetentionPolicy, read_policy
from roster_pipeline.settings import Settings

PRIVACY = (Path(__file__).parents[2] / "docs" / "privacy.md").read_text(encoding="utf-8")


@pytest.fixture
def settings(tmp_path):
    return Settings(home=tmp_path)


def test_defaults_are_those_that_are_documented(settings):
    days = asdict(read_policy(settings))
    assert days == {
        "people_who_left": 400,
        "journal": 400,
        "rejected_records": 30,
        "landing_files": 0,
        "audit": 1095,
        "web_sessions": 30,
        "dagster_records": 30,
    }
    assert days == tomllib.loads(DEFAULTS.read_text())
    for kind, number in days.items():
        assert f"| `{kind}` | {number} |" in PRIVACY


def test_own_file_replaces_some_periods(settings):
    settings.retention_file.write_text("journal = 30\n")
    policy = read_policy(settings)
    assert (policy.journal, policy.people_who_left) == (30, 400)
    assert isinstance(policy, RetentionPolicy)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("journal = ", "no TOML"),
        ("jornal = 30", "no key jornal"),
        ("journal = -1", "journal must be a whole number of days"),
        ("journal = true", "journal must be a whole number of days"),
        ("journal = 40000", "from 0 to 36500"),
    ],
)
def test_malformed_file_is_refused_in_one_line(settings, text, wrong):
    settings.retention_file.write_text(text)
    with pytest.raises(SettingRefused, match=wrong) as refused:
        read_policy(settings)
    assert "\n" not in str(refused.value)
