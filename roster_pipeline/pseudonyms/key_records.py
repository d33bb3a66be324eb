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
    has_left_over = any(folder.next_file_of(number).exists() for number in fingerprints)
    if has_left_over or None in fingerprints.values():
        fingerprints = write_product(engine, lambda pg: _make_missing(pg, folder, random_bytes))
    return {number: read_key(folder, number, str(fingerprint)) for number, fingerprint in fingerprints.items()}


def read_fingerprints(pg: Connection) -> dict[int, str | None]:
    """Return the fingerprint of the key of every district by organization, or None for a district without a key."""
    query = sa.select(columns.id, columns.key_fingerprint).where(columns.tier != "library")
    return {row.id: row.key_fingerprint for row in pg.execute(query.order_by(columns.id))}


def read_key(folder: KeyFolder, organization_id: int, fingerprint: str) -> PseudonymKey:
    """Return the key of an organization that the database has recorded.

    A rotation or a change of ROSTER_PSEUDONYM_KEY that was killed may have left the key in another file. Only a
    transaction that has locked the row of the organization moves files (`place_key`), so no two processes do.

    Raises:
        PseudonymKeyUnusable: the key is missing, damaged or another one.
    """
    file = folder.file_of(organization_id)
    others = (folder.next_file_of(organization_id), folder.rewrapped_file_of(organization_id))
    # Another process may move a key to the first file after that was read, so it is read again.
    places = (file, *others, file)
    failures = []
    for place in places:
        try:
            key = folder.read(organization_id, place)
        except PseudonymKeyUnusable as error:
            failures.append(error)
            continue
        if key is not None and key.fingerprint == fingerprint:
            return key
        if key is not None and place == file:
            failures.append(PseudonymKeyUnusable(file, "is not the key that made the present person ids"))
    raise failures[0] if failures else PseudonymKeyUnusable(file, "is missing")


def place_key(folder: KeyFolder, organization_id: int, fingerprint: str) -> PseudonymKey:
    """Return the recorded key, and move it to its place if a killed rotation has left it in the file of the next key.

    The caller has locked the row of the organization.
    """
    key = read_key(folder, organization_id, fingerprint)
    following = folder.next_file_of(organization_id)
    if _has_key(folder, key, following):
        following.replace(folder.file_of(organization_id))
    return key


def _has_key(folder: KeyFolder, key: PseudonymKey, file: Path) -> bool:
    try:
        return folder.read(key.organization_id, file) == key
    except PseudonymKeyUnusable:
        return False


def _make_missing(pg: Connection, folder: KeyFolder, random_bytes: RandomBytes) -> dict[int, str | None]:
    """Record the keys of the districts without one, move the others to their files, and return all fingerprints.

    The file comes before the record. After a crash between the two, the next call records the key that it finds.
    """
    for number, fingerprint in lock_fingerprints(pg).items():
        if fingerprint is not None:
            place_key(folder, number, fingerprint)
            continue
        file = folder.file_of(number)
        key = folder.read(number, file)
        if key is None:
            key = PseudonymKey(number, random_bytes(KEY_BYTES))
            folder.write(key, file)
        _record(pg, key)
    return read_fingerprints(pg)


def lock_fingerprints(pg: Connection, organization_id: int | None = None) -> dict[int, str | None]:
    """Lock the row of every district, or of one, and return the fingerprints by organization."""
    own = columns.tier != "library" if organization_id is None else columns.id == organization_id
    query = sa.select(columns.id, columns.key_fingerprint).where(own).order_by(columns.id)
    return {row.id: row.key_fingerprint for row in pg.execute(query.with_for_update(key_share=True))}


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
        fingerprint = lock_fingerprints(pg, number)[number]
        old = None if is_lost or fingerprint is None else place_key(folder, number, fingerprint)
        new = PseudonymKey(number, random_bytes(KEY_BYTES))
        folder.write(new, folder.next_file_of(number))
        mapping, people = None, 0
        if old is not None:
            account_ids = list_account_ids(pg, number)
            mapping, people = _write_mapping(folder, old, new, account_ids), len(account_ids)
        _record(pg, new)
        return KeyRotation(district_id, number, new.fingerprint, mapping, people)

    def place(pg: Connection) -> None:
        fingerprint = lock_fingerprints(pg, rotation.organization_id)[rotation.organization_id]
        if fingerprint is not None:  # the district was not forgotten meanwhile
            place_key(folder, rotation.organization_id, fingerprint)

    engine = open_product(settings)
    rotation = write_product(engine, rotate)
    write_product(engine, place)
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
    # The files go first. After a crash the database still reports the key as missing, and nothing makes a new one.
    files = key_folder(settings).files_of(organization_id)
    for path in files:
        path.unlink()
    own = columns.id == organization_id
    write_product(
        open_product(settings), lambda pg: pg.execute(organizations.update().where(own).values(key_fingerprint=None))
    )
    return len(files)
