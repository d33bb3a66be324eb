"""The retention periods: the defaults of `retention.toml` beside this module, and those of ROSTER_HOME."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from roster_pipeline.errors import SettingRefused
from roster_pipeline.settings import Settings

DEFAULTS = Path(__file__).with_name("retention.toml")
MAX_DAYS = 36_500


@dataclass(frozen=True)
class RetentionPolicy:
    """How many days each kind of data is kept. `retention.toml` describes the kinds."""

    people_who_left: int
    journal: int
    rejected_records: int
    landing_files: int
    audit: int
    web_sessions: int
    dagster_records: int

    def start(self, kind: str, now: datetime) -> datetime:
        """Return the time before which data of a kind is erased."""
        return now - timedelta(days=getattr(self, kind))


def read_policy(settings: Settings) -> RetentionPolicy:
    """Return the retention periods of this installation.

    Raises:
        SettingRefused: the file of ROSTER_HOME is malformed. The message names the key and what it must be.
    """
    own = _read_file(settings.retention_file) if settings.retention_file.exists() else {}
    names = [field.name for field in fields(RetentionPolicy)]
    for key, days in own.items():
        if key not in names:
            raise _refusal(settings.retention_file, f"it has no key {key}; the keys are {', '.join(names)}")
        if type(days) is not int or not 0 <= days <= MAX_DAYS:
            raise _refusal(settings.retention_file, f"{key} must be a whole number of days from 0 to {MAX_DAYS}")
    return RetentionPolicy(**(_read_file(DEFAULTS) | own))


def _read_file(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise _refusal(file, f"it cannot be read ({error.strerror})") from None
    except ValueError:
        raise _refusal(file, "it is no TOML, such as people_who_left = 400") from None


def _refusal(file: Path, wrong: str) -> SettingRefused:
    return SettingRefused(f"{file} is malformed: {wrong}. Nothing was erased. Correct it and run again.")
