"""The Clever tokens of Library teachers. The database holds them encrypted, and for at most 24 hours.

The key is derived from ROSTER_WEB_SECRET, which only the program of the page has. The account belongs to the
authenticated data, so the row of one teacher cannot serve another one. A token is deleted at log out, when Clever
refuses it, when the teacher comes through a district, and by the sweep. It appears in no log, no error and no other
table.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import insert

from roster_pipeline.product.tables import library_tokens

TOKEN_LIFETIME = timedelta(hours=24)
NONCE_BYTES, KEY_BYTES = 12, 32
PURPOSE = b"roster-pipeline: tokens of Library teachers"
"""Separates this key from others that are derived from the same secret."""
columns = library_tokens.c


class TokenVault:
    """Encrypts and decrypts tokens with AES-GCM."""

    def __init__(self, secret: str) -> None:
        key = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=PURPOSE).derive(secret.encode())
        self._cipher = AESGCM(key)

    def encrypt(self, account_id: int, token: str) -> bytes:
        """Return the encrypted token of an account. It begins with the nonce."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, token.encode(), _bind(account_id))

    def decrypt(self, account_id: int, sealed: bytes) -> str | None:
        """Return the token of an account, or None if it was encrypted for another account or with another secret."""
        try:
            return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], _bind(account_id)).decode()
        except (InvalidTag, ValueError):
            return None


def _bind(account_id: int) -> bytes:
    return f"account:{account_id}".encode()


def save_token(pg: Connection, vault: TokenVault, account_id: int, token: str, now: datetime) -> None:
    """Store the token of a login in place of an earlier one."""
    values = {"token": vault.encrypt(account_id, token), "at": now}
    row = insert(library_tokens).values(account_id=account_id, **values)
    pg.execute(row.on_conflict_do_update(index_elements=["account_id"], set_=values))


def read_token(pg: Connection, vault: TokenVault, account_id: int, now: datetime) -> str | None:
    """Return the token of an account, or None if there is none that can be used."""
    sealed = pg.execute(_select_usable(account_id, now)).scalar()
    return None if sealed is None else vault.decrypt(account_id, bytes(sealed))


def has_token(pg: Connection, account_id: int, now: datetime) -> bool:
    """Return whether an account has a token that is not too old."""
    return pg.execute(_select_usable(account_id, now)).first() is not None


def delete_token(pg: Connection, account_id: int) -> None:
    """Delete the token of an account, if there is one."""
    pg.execute(library_tokens.delete().where(columns.account_id == account_id))


def delete_refused_token(pg: Connection, vault: TokenVault, account_id: int, token: str) -> bool:
    """Delete a token that Clever refuses. The token of a newer login stays.

    Returns:
        Whether the account has no token now.
    """
    sealed = pg.execute(sa.select(columns.token).where(columns.account_id == account_id).with_for_update()).scalar()
    if sealed is None:
        return True
    if is_refused := vault.decrypt(account_id, bytes(sealed)) == token:
        delete_token(pg, account_id)
    return is_refused


def sweep_tokens(pg: Connection, now: datetime) -> int:
    """Delete the tokens that are too old, and return how many there were."""
    return pg.execute(library_tokens.delete().where(columns.at <= now - TOKEN_LIFETIME)).rowcount


def _select_usable(account_id: int, now: datetime) -> sa.Select[tuple[bytes]]:
    is_usable = sa.and_(columns.account_id == account_id, columns.at > now - TOKEN_LIFETIME)
    return sa.select(columns.token).where(is_usable)
