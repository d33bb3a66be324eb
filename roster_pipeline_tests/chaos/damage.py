"""Damage a file as disks, people and incomplete copies do."""

from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random

BLOCK = 4096
"""Bytes."""
Way = Callable[[Path, Random], None]


def damage(file: Path, rng: Random, *, ways: Sequence[Way] | None = None) -> None:
    """Damage `file` in one of several ways. A missing file stays missing."""
    if file.exists():
        rng.choice(ways or WAYS)(file, rng)


def _zero_the_header(file: Path, _rng: Random) -> None:
    with file.open("r+b") as opened:
        opened.write(bytes(BLOCK))


def _flip_pages(file: Path, rng: Random) -> None:
    size = file.stat().st_size
    with file.open("r+b") as opened:
        for _ in range(8):
            place = rng.randrange(3 * BLOCK, max(size, 3 * BLOCK + 1))
            opened.seek(place)
            flipped = bytes(byte ^ 0xFF for byte in opened.read(64))
            opened.seek(place)
            opened.write(flipped)


def _truncate(file: Path, rng: Random) -> None:
    with file.open("r+b") as opened:
        opened.truncate(rng.randrange(file.stat().st_size))


def _empty(file: Path, _rng: Random) -> None:
    file.write_bytes(b"")


def _replace_by_text(file: Path, _rng: Random) -> None:
    file.write_text("version https://git-lfs.example/spec/v1\nsize 1310720\n")


def _replace_by_folder(file: Path, _rng: Random) -> None:
    file.unlink()
    file.mkdir()
    (file / "copy").write_text("a folder of the same name")


FOUND_AT_OPEN: tuple[Way, ...] = (*(_zero_the_header, _truncate, _empty, _replace_by_text, _replace_by_folder),)
WAYS: tuple[Way, ...] = (*FOUND_AT_OPEN, _flip_pages)
"""A flipped page is found only when it is read."""
