"""The keys of the person ids of a forgotten district. Without its key no old export leads to a person.

A mapping of an earlier key has a line for each person. The line of a forgotten person is removed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from roster_pipeline.privacy.person_ids import drop_person_ids, has_person_ids
from roster_pipeline.privacy.stores.store import FileStore, StoreRecord, hash_files
from roster_pipeline.privacy.subject import Subject
from roster_pipeline.pseudonyms.key_records import key_folder


@dataclass(frozen=True)
class KeyFiles(FileStore):
    """The key files and the mappings of the organizations of a subject."""

    name: str = "keys of person ids"

    def find_places(self, subject: Subject) -> list[Path]:
        folder = key_folder(self.settings)
        return [file for number in subject.organizations for file in folder.files_of(number)]

    def inspect(self, subject: Subject) -> StoreRecord:
        record = super().inspect(subject)
        mappings = self._find_mappings(subject)
        removed = {**record.removed, "lines": len(mappings)} if mappings else record.removed
        return replace(record, removed=removed, before={**record.before, **hash_files(self._home, mappings)})

    def erase(self, subjects: Sequence[Subject], at: datetime) -> None:
        super().erase(subjects, at)
        for subject in subjects:
            for file in self._find_mappings(subject):
                drop_person_ids(file, subject.person_ids)

    def _find_mappings(self, subject: Subject) -> list[Path]:
        files = self.settings.keys_folder.glob("*.csv") if subject.person_ids else ()
        return sorted(file for file in files if has_person_ids(file, subject.person_ids))

    @property
    def _home(self) -> Path:
        return self.settings.home.resolve()
