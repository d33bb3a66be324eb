"""The interface of a store, and the record of what an erasure did in it."""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from hashlib import file_digest
from pathlib import Path
from typing import Any, Protocol

from roster_pipeline.damaged import remove
from roster_pipeline.privacy.subject import Subject
from roster_pipeline.settings import Settings


@dataclass(frozen=True)
class StoreRecord:
    """What an erasure removes from one store.

    Attributes:
        removed: the number of removed rows by table, or of files.
        before: the SHA-256 of each file before the erasure, by its path in ROSTER_HOME.
        after: the same after the erasure. A file that was removed has None.
    """

    store: str
    removed: Mapping[str, int] = field(default_factory=dict)
    before: Mapping[str, str] = field(default_factory=dict)
    after: Mapping[str, str | None] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


class Store(Protocol):
    """A place that holds data of people. Both methods may be called again after a crash."""

    @property
    def name(self) -> str:
        """The name of the store in the receipt."""
        ...

    def inspect(self, subject: Subject) -> StoreRecord:
        """Return what an erasure will remove, and change nothing."""
        ...

    def erase(self, subjects: Sequence[Subject], at: datetime) -> None:
        """Remove the data of some subjects."""
        ...


@dataclass(frozen=True)
class FileStore(ABC):
    """A store whose files are removed whole. DELETE and CHECKPOINT of DuckDB would leave the bytes in them.

    Attributes:
        name: the name of the store in the receipt.
    """

    settings: Settings
    name: str

    @abstractmethod
    def find_places(self, subject: Subject) -> list[Path]:
        """Return the existing files and folders with data of a subject."""

    def inspect(self, subject: Subject) -> StoreRecord:
        files = list_files(self.find_places(subject))
        return StoreRecord(self.name, {"files": len(files)}, hash_files(self.settings.home.resolve(), files))

    def erase(self, subjects: Sequence[Subject], at: datetime) -> None:  # noqa: ARG002 - the interface of a store
        for subject in subjects:
            for place in self.find_places(subject):
                remove(place)


def hash_files(home: Path, files: Iterable[Path]) -> dict[str, str]:
    """Return the SHA-256 of some files by their paths in ROSTER_HOME."""
    hashes = {}
    for file in sorted(files):
        with file.open("rb") as content:
            hashes[str(file.relative_to(home))] = file_digest(content, "sha256").hexdigest()
    return hashes


def hash_again(home: Path, before: Mapping[str, str]) -> dict[str, str | None]:
    """Return the SHA-256 of the files now. A file that is gone has None."""
    present = {path: home / path for path in before}
    return {path: hash_files(home, [file])[path] if file.is_file() else None for path, file in present.items()}


def list_files(places: Iterable[Path]) -> list[Path]:
    """Return the files at some paths and in the folders at some paths."""
    return [file for place in places for file in ([place] if place.is_file() else place.rglob("*")) if file.is_file()]


def mask_places(stores: list[dict[str, Any]], subject: Subject) -> list[dict[str, Any]]:
    """Return the records of some stores without the id of a forgotten district or the numbers of accounts in paths."""
    text = json.dumps(stores)
    for district in subject.districts if subject.kind == "district" else ():
        text = text.replace(district, "DISTRICT")
    masked: list[dict[str, Any]] = json.loads(re.sub(r"/library-[0-9]+/", "/library-TEACHER/", text))
    return masked
