"""Create folders and files that only their owner can open, with any umask."""

from __future__ import annotations

from pathlib import Path

PRIVATE_FOLDER, PRIVATE_FILE = 0o700, 0o600


def private_folder(folder: Path) -> Path:
    """Create a folder and its missing parents for their owner only. An existing folder keeps its mode.

    Raises:
        OSError: a folder cannot be created.
    """
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    for path in reversed(missing):
        path.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
        path.chmod(PRIVATE_FOLDER)  # the umask can remove permissions from the mode of mkdir
    return folder


def private_file(file: Path) -> Path:
    """Create an empty file for its owner only. An existing file is emptied and gets the same mode.

    Raises:
        OSError: the file cannot be created.
    """
    file.touch(mode=PRIVATE_FILE)
    file.chmod(PRIVATE_FILE)
    with file.open("wb"):
        pass
    return file
