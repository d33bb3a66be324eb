"""Wraps the keys of person ids with another ROSTER_PSEUDONYM_KEY.

A process that is killed leaves keys that one of both settings opens. All keys are first written beside the present
ones, which the old setting opens. From then on the new setting opens them all, because `read_key` looks at both files.
Then each file takes the place of the old one.
"""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection

from roster_pipeline.errors import PseudonymKeyUnusable
from roster_pipeline.product.busy import write_product
from roster_pipeline.product.database import open_product
from roster_pipeline.pseudonyms.key_files import SETTING
from roster_pipeline.pseudonyms.key_records import key_folder, lock_fingerprints, place_key, read_key
from roster_pipeline.settings import Settings


def rewrap_keys(settings: Settings) -> int:
    """Wrap every key with ROSTER_PSEUDONYM_KEY, which was ROSTER_PSEUDONYM_KEY_OLD until now.

    A second call finishes a killed one.

    Returns:
        The number of keys.

    Raises:
        PseudonymKeyUnusable: neither setting opens a key, or a file cannot be written. No key was replaced.
    """
    new, old_secret = key_folder(settings), settings.pseudonym_key_old
    old = replace(new, wrapping_secret=old_secret.get_secret_value() if old_secret else None)
    if new.wrapping_secret is None:
        raise PseudonymKeyUnusable(new.path, f"cannot be wrapped without {SETTING}", f"Set {SETTING}")

    def rewrap(pg: Connection) -> int:
        fingerprints = {number: mark for number, mark in lock_fingerprints(pg).items() if mark is not None}
        for number, fingerprint in fingerprints.items():
            try:
                key = read_key(new, number, fingerprint)
            except PseudonymKeyUnusable:
                key = place_key(old, number, fingerprint)
            new.write(key, new.rewrapped_file_of(number))
        for number in fingerprints:
            new.rewrapped_file_of(number).replace(new.file_of(number))
        return len(fingerprints)

    return write_product(open_product(settings), rewrap)
