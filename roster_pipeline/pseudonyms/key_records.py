"""Makes, rotates and deletes the keys of person ids.

A key is a file of this machine. The database has only its fingerprint. A key that is missing, damaged or not the
recorded one is an error, so no new key takes the place of an old one by itself.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Connection

from roster_pipeline.errors import PseudonymKeyUnusable
from roster_pipeline.product.busy import write_product
from roster_pipeline.product.database import open_product, transaction
from roster_pipeline.product.organizations import find_organization
from roster_pipeline.product.tables import identity_links, organizations
from roster_pipeline.pseudonyms.key_files import KeyFolder, write_private
from roster_pipeline.pseudonyms.keys import KEY_BYTES, PseudonymKey
from roster_pipeline.settings import Settings

RandomBytes = Callable[[int], bytes]
"""Returns as many random bytes as it is called with."""
MAPPING_HEADER = "old_person_id,new_person_id"
columns = organizations.c


@dataclass(frozen=True)
class KeyRotation:
    """A key that took the place of another one.

    Attributes:
        mapping: the file that leads from the old person ids to the new ones, or None if there was no old key.
        people: the number of person ids in the mapping.
    """

    district_id: str
    organization_id: int
    fingerprint: str
    mapping: Path | None
    people: int


def key_folder(settings: Settings) -> KeyFolder:
    """Return the folder of the keys of these settings."""
    secret = settings.pseudonym_key
    return KeyFolder(settings.keys_folder, secret.get_secret_value() if secret else None)


def open_keys(settings: Settings, *, random_bytes: RandomBytes = secrets.token_bytes) -> dict[int, PseudonymKey]:
    """Return the key of every district by organization. Make the keys of districts that never had one.

    Raises:
        PseudonymKeyUnusable: a key is missing, damaged or another one than the recorded one.
    """
    engine, folder = open_product(settings), key_folder(settings)
    with transaction(engine) as pg:
        fingerprints = read_fingerprints(pg)
    if None in fingerprints.values():
        fingerprints = write_product(engine, lambda pg: _make_missing(pg, folder, random_bytes))
    return {number: read_key(folder, number, str(fingerprint)) for number, fingerprint in fingerprints.items()}


def read_fingerprints(pg: Connection) -> dict[int, str | None]:
    """Return the fingerprint of the key of every district by organization, or None for a district without a key."""
    query = sa.select(columns.id, columns.key_fingerprint).where(columns.tier != "library")
    return {row.id: row.key_fingerprint for row in pg.execute(query.order_by(columns.id))}


def read_key(folder: KeyFolder, organization_id: int, fingerprint: str) -> PseudonymKey:
    """Return the key of an organization that the database has recorded.

    A rotation that was killed may have left the key in the file of the next key.

    Raises:
        PseudonymKeyUnusable: the key is missing, damaged or another one.
    """
    file, following = folder.file_of(organization_id), folder.next_file_of(organization_id)
    try:
        key = folder.read(organization_id, file)
    except PseudonymKeyUnusable:
        if not _is_recorded(folder, organization_id, following, fingerprint):
            raise
        key = None
    if key is not None and key.fingerprint == fingerprint:
        return key
    if _is_recorded(folder, organization_id, following, fingerprint):
        following.replace(file)
        return read_key(folder, organization_id, fingerprint)
    raise PseudonymKeyUnusable(file, "is missing" if key is None else "is not the key that made the present person ids")


def _is_recorded(folder: KeyFolder, organization_id: int, file: Path, fingerprint: str) -> bool:
    key = folder.read(organization_id, file)
    return key is not None and key.fingerprint == fingerprint


def _make_missing(pg: Connection, folder: KeyFolder, random_bytes: RandomBytes) -> dict[int, str | None]:
    """Record the keys of the districts without one, and return all fingerprints.

    The file comes before the record. After a crash between the two, the next call records the key that it finds.
    """
    is_missing = sa.and_(columns.key_fingerprint.is_(None), columns.tier != "library")
    for number in pg.execute(sa.select(columns.id).where(is_missing).with_for_update(key_share=True)).scalars().all():
        file = folder.file_of(number)
        key = folder.read(number, file)
        if key is None:
            key = PseudonymKey(number, random_bytes(KEY_BYTES))
            folder.write(key, file)
        _record(pg, key)
    return read_fingerprints(pg)


def _record(pg: Connection, key: PseudonymKey) -> None:
    own = columns.id == key.organization_id
    pg.execute(organizations.update().where(own).values(key_fingerprint=key.fingerprint))


def rotate_key(
    settings: Settings, district_id: str, *, is_lost: bool = False, random_bytes: RandomBytes = secrets.token_bytes
) -> KeyRotation:
    """Give a district a new key, and leave a mapping from the old person ids to the new ones.

    The next pass over the snapshot writes the new person ids.

    Args:
        is_lost: the old key cannot be read, so there is no mapping.

    Raises:
        DistrictUnknown: the district was never connected.
        PseudonymKeyUnusable: the old key cannot be used, or a file cannot be written.
    """
    folder = key_folder(settings)

    def rotate(pg: Connection) -> KeyRotation:
        number = find_organization(pg, district_id).id
        query = sa.select(columns.key_fingerprint).where(columns.id == number).with_for_update(key_share=True)
        fingerprint = pg.execute(query).scalar_one()
        old = None if is_lost or fingerprint is None else read_key(folder, number, fingerprint)
        new = PseudonymKey(number, random_bytes(KEY_BYTES))
        folder.write(new, folder.next_file_of(number))
        mapping, people = None, 0
        if old is not None:
            account_ids = list_account_ids(pg, number)
            mapping, people = _write_mapping(folder, old, new, account_ids), len(account_ids)
        _record(pg, new)
        return KeyRotation(district_id, number, new.fingerprint, mapping, people)

    rotation = write_product(open_product(settings), rotate)
    number = rotation.organization_id
    folder.next_file_of(number).replace(folder.file_of(number))
    return rotation


def list_account_ids(pg: Connection, organization_id: int) -> list[int]:
    """Return every account that was ever linked to a Clever id in an organization."""
    account_id = identity_links.c.account_id
    own = identity_links.c.organization_id == organization_id
    return list(pg.execute(sa.select(account_id).where(own).distinct().order_by(account_id)).scalars())


def _write_mapping(folder: KeyFolder, old: PseudonymKey, new: PseudonymKey, account_ids: Iterable[int]) -> Path:
    file = folder.path / f"{new.organization_id}-{old.fingerprint}-{new.fingerprint}.csv"
    rows = (f"{old.make_person_id(account)},{new.make_person_id(account)}" for account in account_ids)
    write_private(file, "\n".join([MAPPING_HEADER, *rows, ""]))
    return file


def forget_key(settings: Settings, organization_id: int) -> int:
    """Delete the key of an organization and its mappings. No old export leads to a person any more.

    Call it outside of a transaction that has changed the organization.

    Returns:
        The number of deleted files.
    """
    folder = key_folder(settings)
    file, following = folder.file_of(organization_id), folder.next_file_of(organization_id)
    # The files go first. After a crash the database still reports the key as missing, and nothing makes a new one.
    files = [path for path in (file, following, *folder.mappings_of(organization_id)) if path.exists()]
    for path in files:
        path.unlink()
    own = columns.id == organization_id
    write_product(
        open_product(settings), lambda pg: pg.execute(organizations.update().where(own).values(key_fingerprint=None))
    )
    return len(files)
