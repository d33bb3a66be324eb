"""The DuckDB files of districts. They are caches: the next sync reads the district in full and makes a new one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from roster_pipeline.privacy.stores.store import FileStore
from roster_pipeline.privacy.subject import Subject


@dataclass(frozen=True)
class DistrictFiles(FileStore):
    """The files of each district: its own, the copy of a preview, a workspace, and those set aside as damaged."""

    name: str = "district files"

    def find_places(self, subject: Subject) -> list[Path]:
        folder = self.settings.districts_folder
        return sorted(place for district in subject.districts for place in folder.glob(f"{district}.*"))
