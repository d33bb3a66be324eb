"""The landing files that a killed sync left behind. A sync removes its own at its end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from roster_pipeline.damaged import remove
from roster_pipeline.privacy.stores.store import StoreRecord, hash_files, list_files
from roster_pipeline.privacy.subject import Subject
from roster_pipeline.product.database import name_teacher_lock
from roster_pipeline.settings import Settings


@dataclass(frozen=True)
class LandingFiles:
    """The landing folders of the districts and of the Library teachers of a subject."""

    settings: Settings
    name: str = "landing files"

    def inspect(self, subject: Subject) -> StoreRecord:
        files = list_files(self._places(subject))
        return StoreRecord(self.name, {"files": len(files)}, hash_files(self.settings.home.resolve(), files))

    def erase(self, subjects: Sequence[Subject], at: datetime) -> None:  # noqa: ARG002 - the interface of a store
        for subject in subjects:
            for place in self._places(subject):
                remove(place)

    def _places(self, subject: Subject) -> list[Path]:
        folder = self.settings.landing_folder
        names = (*subject.districts, *(name_teacher_lock(account) for account in subject.accounts))
        return [folder / name for name in names if (folder / name).exists()]
