"""The keys of the person ids of a forgotten district. Without its key no old export leads to a person."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from roster_pipeline.privacy.stores.store import FileStore
from roster_pipeline.privacy.subject import Subject
from roster_pipeline.pseudonyms.key_records import key_folder


@dataclass(frozen=True)
class KeyFiles(FileStore):
    """The key files and the mappings of the organizations of a subject."""

    name: str = "keys of person ids"

    def find_places(self, subject: Subject) -> list[Path]:
        folder = key_folder(self.settings)
        return [file for number in subject.organizations for file in folder.files_of(number)]
