"""The DuckDB files of districts. They are caches, so they are removed, and the next sync reads the district in full.

DELETE and CHECKPOINT of DuckDB leave the bytes in the file, so a file is never changed in place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from roster_pipeline.damaged import remove
from roster_pipeline.privacy.stores.store import StoreRecord, hash_files, list_files
from roster_pipeline.privacy.subject import Subject
from roster_pipeline.settings import Settings


@dataclass(frozen=True)
class DistrictFiles:
    """The files of each district: its own, the copy of a preview, a workspace, and those set aside as damaged."""

    settings: Settings
    name: str = "district files"

    def inspect(self, subject: Subject) -> StoreRecord:
        files = list_files(self._places(subject))
        return StoreRecord(self.name, {"files": len(files)}, hash_files(self.settings.home.resolve(), files))

    def erase(self, subjects: Sequence[Subject], at: datetime) -> None:  # noqa: ARG002 - the interface of a store
        for subject in subjects:
            for place in self._places(subject):
                remove(place)

    def _places(self, subject: Subject) -> list[Path]:
        folder = self.settings.districts_folder
        return sorted(place for district in subject.districts for place in folder.glob(f"{district}.*"))
