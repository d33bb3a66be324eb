"""The landing files that a killed sync left behind. A sync removes its own at its end."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from roster_pipeline.privacy.stores.store import FileStore
from roster_pipeline.privacy.subject import Subject
from roster_pipeline.product.database import name_teacher_lock


@dataclass(frozen=True)
class LandingFiles(FileStore):
    """The landing folders of the districts and of the Library teachers of a subject."""

    name: str = "landing files"

    def find_places(self, subject: Subject) -> list[Path]:
        folder = self.settings.landing_folder
        names = (*subject.districts, *(name_teacher_lock(account) for account in subject.accounts))
        return [folder / name for name in names if (folder / name).exists()]
