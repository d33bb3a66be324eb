"""The keys of the person ids of a forgotten district. Without its key no old export leads to a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from roster_pipeline.damaged import remove
from roster_pipeline.privacy.stores.store import StoreRecord, hash_files
from roster_pipeline.privacy.subject import Subject
from roster_pipeline.pseudonyms.key_records import key_folder
from roster_pipeline.settings import Settings


@dataclass(frozen=True)
class KeyFiles:
    """The key files and the mappings of the organizations of a subject."""

    settings: Settings
    name: str = "keys of person ids"

    def inspect(self, subject: Subject) -> StoreRecord:
        files = self._files(subject)
        return StoreRecord(self.name, {"files": len(files)}, hash_files(self.settings.home.resolve(), files))

    def erase(self, subjects: Sequence[Subject], at: datetime) -> None:  # noqa: ARG002 - the interface of a store
        for subject in subjects:
            for file in self._files(subject):
                remove(file)

    def _files(self, subject: Subject) -> list[Path]:
        folder = key_folder(self.settings)
        places = (
            file
            for number in subject.organizations
            for file in (folder.file_of(number), folder.next_file_of(number), *folder.mappings_of(number))
        )
        return [file for file in places if file.is_file()]
