"""Reads files again after an erasure, and counts those that still hold the subject."""

from __future__ import annotations

import mmap
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Any

from roster_pipeline.privacy.stores.store import StoreRecord
from roster_pipeline.privacy.subject import Subject
from roster_pipeline.settings import Settings

MAX_NAMES = 20
"""The most Clever ids and emails that are searched for. Reading all files for each of a thousand would take hours."""
HOLDING = "files that still hold one of them"


def check_stores(settings: Settings, subjects: Sequence[Subject]) -> dict[str, Any]:
    """Read every file of the stores for the Clever ids and emails of some subjects.

    Returns:
        The record for the receipt.
    """
    folders = (
        *(settings.districts_folder, settings.landing_folder, settings.snapshots_folder, settings.keys_folder),
        settings.dagster_home,
    )
    return _check("files of the stores, read again", folders, subjects)


def check_server(settings: Settings, subjects: Sequence[Subject]) -> dict[str, Any]:
    """Do the same with every file of the embedded server, after its tables were written anew."""
    return _check("files of the database server, read again", [settings.postgres_folder], subjects)


def _check(store: str, folders: Iterable[Path], subjects: Sequence[Subject]) -> dict[str, Any]:
    names = sorted({name.encode() for subject in subjects for name in (*subject.clever_ids, *subject.emails)})[
        :MAX_NAMES
    ]
    files = [file for folder in folders for file in folder.rglob("*") if file.is_file()]
    holding = sum(_has_any(file, names) for file in files)
    counts = {"Clever IDs and emails": len(names), "files": len(files), HOLDING: holding}
    return StoreRecord(store, counts).to_json()


def _has_any(file: Path, names: Collection[bytes]) -> bool:
    """Return whether a file has one of some texts. A file that a program removes meanwhile has none."""
    try:
        with file.open("rb") as content, mmap.mmap(content.fileno(), 0, access=mmap.ACCESS_READ) as text:
            return any(text.find(name) >= 0 for name in names)
    except (FileNotFoundError, ValueError):  # an empty file cannot be mapped
        return False
