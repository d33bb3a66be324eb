"""Makes person ids with the key of an organization, in Python and in DuckDB."""

from __future__ import annotations

import hmac
from collections.abc import Collection
from dataclasses import dataclass, field
from hashlib import sha256

import duckdb

from roster_pipeline.model.queries import load_query

KEY_BYTES = 32
PERSON_ID_CHARS = 32
"""The length of a person id: the first 128 bits of the HMAC, in hexadecimal digits."""
FINGERPRINT_CHARS = 16
BLOCK_BYTES = 64
"""The length to which HMAC-SHA-256 pads its key (RFC 2104)."""
INNER_BYTE, OUTER_BYTE = 0x36, 0x5C


@dataclass(frozen=True)
class PseudonymKey:
    """The key of one organization."""

    organization_id: int
    secret: bytes = field(repr=False)

    @property
    def fingerprint(self) -> str:
        """Return the digest by which a key is recognized. It does not help to make a person id."""
        return sha256(b"roster-pipeline: fingerprint of a key\0" + self.secret).hexdigest()[:FINGERPRINT_CHARS]

    def make_person_id(self, account_id: int) -> str:
        """Return the person id of an account in the organization."""
        return hmac.digest(self.secret, str(account_id).encode(), "sha256").hex()[:PERSON_ID_CHARS]

    @property
    def pads(self) -> tuple[bytes, bytes]:
        """Return the key as HMAC combines it with the inner and the outer hash."""
        block = self.secret.ljust(BLOCK_BYTES, b"\0")
        return bytes(byte ^ INNER_BYTE for byte in block), bytes(byte ^ OUTER_BYTE for byte in block)


def define_person_ids(con: duckdb.DuckDBPyConnection, keys: Collection[PseudonymKey]) -> None:
    """Create the temporary table `pseudonym_keys` and the temporary macro `person_id` of a connection.

    `select person_id(inner_pad, outer_pad, account_id)` returns what `make_person_id` returns.
    """
    con.execute(load_query("macros", "person_id"))
    if keys:
        rows = [[key.organization_id, key.fingerprint, *key.pads] for key in keys]
        con.executemany("insert into pseudonym_keys values (?, ?, ?, ?)", rows)
