"""Folders and files that are their owner's alone, whatever the umask is."""

from __future__ import annotations

from pathlib import Path

PRIVATE_FOLDER, PRIVATE_FILE = 0o700, 0o600


def private_folder(folder: Path) -> Path:
    """Make a folder for its owner alone, and its missing parents too; one that is there keeps its mode.

    Raises:
        OSError: it cannot be made.
    """
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    for one in reversed(missing):
        one.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
        one.chmod(PRIVATE_FOLDER)  # the umask can take away from the mode of mkdir, never add to it
    return folder


def private_file(file: Path) -> Path:
    """Make an empty file for its owner alone; one that is there is emptied first and gets this mode.

    Raises:
        OSError: it cannot be made.
    """
    file.touch(mode=PRIVATE_FILE)
    file.chmod(PRIVATE_FILE)
    with file.open("wb"):
        pass
    return file
