"""Reads and writes the key files: `ROSTER_HOME/keys/ORGANIZATION.key`, for their owner alone.

A file has one line. It is `plain:` and the key, or `wrapped:` and the key as ROSTER_PSEUDONYM_KEY has wrapped it
(AES Key Wrap, RFC 3394). Both are hexadecimal. Each organization has a wrapping key of its own, so the file of one
organization does not open as that of another one.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from roster_pipeline.errors import PseudonymKeyUnusable
from roster_pipeline.paths import private_file, private_folder
from roster_pipeline.pseudonyms.keys import KEY_BYTES, PseudonymKey

PLAIN, WRAPPED = "plain", "wrapped"
PURPOSE = "roster-pipeline: key of organization {organization_id}"
SETTING = "ROSTER_PSEUDONYM_KEY"


@dataclass(frozen=True)
class KeyFolder:
    """The folder of the key files.

    Attributes:
        wrapping_secret: the text from which the wrapping keys are derived, or None if keys are stored as they are.
    """

    path: Path
    wrapping_secret: str | None = field(default=None, repr=False)

    def file_of(self, organization_id: int) -> Path:
        return self.path / f"{organization_id}.key"

    def next_file_of(self, organization_id: int) -> Path:
        """Return the file of a key that takes the place of the present one as soon as the database has recorded it."""
        return self.path / f"{organization_id}.key.next"

    def rewrapped_file_of(self, organization_id: int) -> Path:
        """Return the file of the present key as the next ROSTER_PSEUDONYM_KEY wraps it."""
        return self.path / f"{organization_id}.key.rewrapped"

    def files_of(self, organization_id: int) -> list[Path]:
        """Return every existing file with a key or a mapping of an organization."""
        names = (self.file_of, self.next_file_of, self.rewrapped_file_of)
        places = (*(name(organization_id) for name in names), *self.mappings_of(organization_id))
        return [file for file in places if file.is_file()]

    def mappings_of(self, organization_id: int) -> list[Path]:
        """Return the files that lead from the person ids of earlier keys to later ones."""
        return sorted(self.path.glob(f"{organization_id}-*.csv"))

    def read(self, organization_id: int, file: Path) -> PseudonymKey | None:
        """Return the key in a file, or None if there is no file. Wrap a key that was stored before the setting was set.

        Raises:
            PseudonymKeyUnusable: the file is damaged or unreadable, or the setting does not open it.
        """
        try:
            text = file.read_text(encoding="ascii")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise PseudonymKeyUnusable(file, f"cannot be read ({type(error).__name__})") from None
        form, _, digits = text.strip().partition(":")
        try:
            stored = bytes.fromhex(digits)
        except ValueError:
            stored = b""
        secret = self._unwrap(organization_id, stored, file) if form == WRAPPED else stored
        if form not in (PLAIN, WRAPPED) or len(secret) != KEY_BYTES:
            raise PseudonymKeyUnusable(file, "is damaged")
        key = PseudonymKey(organization_id, secret)
        if form == PLAIN and self.wrapping_secret is not None:
            self.write(key, file)
        return key

    def write(self, key: PseudonymKey, file: Path) -> None:
        """Write a key into a file, all of it or nothing.

        Raises:
            PseudonymKeyUnusable: the disk or the folder refuses the file.
        """
        form, stored = PLAIN, key.secret
        if self.wrapping_secret is not None:
            form, stored = WRAPPED, aes_key_wrap(self._wrapping_key(key.organization_id), key.secret)
        write_private(file, f"{form}:{stored.hex()}\n")

    def _unwrap(self, organization_id: int, stored: bytes, file: Path) -> bytes:
        if self.wrapping_secret is None:
            raise PseudonymKeyUnusable(file, f"is wrapped, and {SETTING} is not set", f"Set {SETTING}")
        try:
            return aes_key_unwrap(self._wrapping_key(organization_id), stored)
        except InvalidUnwrap:
            what = f"does not open with {SETTING}, or is damaged"
            raise PseudonymKeyUnusable(file, what, f"Set {SETTING} as it was, or put the file back") from None

    def _wrapping_key(self, organization_id: int) -> bytes:
        purpose = PURPOSE.format(organization_id=organization_id).encode()
        return HKDF(SHA256(), KEY_BYTES, salt=None, info=purpose).derive(str(self.wrapping_secret).encode())


def write_private(file: Path, text: str) -> None:
    """Write a file for its owner alone. After a crash it has its old content or all of the new one.

    Raises:
        PseudonymKeyUnusable: the disk or the folder refuses the file.
    """
    beside = file.with_name(f".{file.name}.tmp")
    try:
        private_folder(file.parent)
        private_file(beside)
        with beside.open("w", encoding="ascii") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(file)
    except OSError as error:
        what = f"cannot be written ({error.strerror or type(error).__name__})"
        raise PseudonymKeyUnusable(file, what, "Make room there, or give this user the folder") from None
