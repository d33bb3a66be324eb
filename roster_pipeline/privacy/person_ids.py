"""Finds the person ids of accounts, by which the trail of `identify` and the mappings of rotated keys name a person."""

from __future__ import annotations

import csv
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Connection

from roster_pipeline.errors import PseudonymKeyUnusable
from roster_pipeline.product.tables import identity_links
from roster_pipeline.pseudonyms.key_files import write_private
from roster_pipeline.pseudonyms.key_records import key_folder, read_fingerprints, read_key
from roster_pipeline.settings import Settings


def list_person_ids(settings: Settings, pg: Connection, account_ids: Collection[int]) -> tuple[str, ...]:
    """Return the person ids that some accounts have and had in every organization.

    An organization whose key is lost has none any more.
    """
    link, folder, person_ids = identity_links.c, key_folder(settings), set[str]()
    query = sa.select(link.organization_id, link.account_id).where(link.account_id.in_(account_ids)).distinct()
    places: dict[int, list[int]] = {}
    for organization, account in pg.execute(query):
        places.setdefault(organization, []).append(account)
    fingerprints = read_fingerprints(pg) if places else {}
    for organization, members in places.items():
        fingerprint = fingerprints.get(organization)
        if fingerprint is None:
            continue
        with suppress(PseudonymKeyUnusable):
            key = read_key(folder, organization, fingerprint)
            present = {key.make_person_id(account) for account in members}
            person_ids |= _add_earlier(folder.mappings_of(organization), present)
    return tuple(sorted(person_ids))


def _add_earlier(mappings: list[Path], present: set[str]) -> set[str]:
    """Return person ids with the earlier ones that lead to them."""
    pairs = [pair for file in mappings for pair in _read_pairs(file)]
    known: set[str] = set()
    while present - known:
        known |= present
        present = {old for old, new in pairs if new in known}
    return known


def drop_person_ids(file: Path, person_ids: Collection[str]) -> None:
    """Write a mapping anew without the lines of some person ids."""
    wanted = set(person_ids)
    lines = file.read_text(encoding="ascii").splitlines()
    others = [line for line in lines if not wanted & set(line.split(","))]
    if others != lines:
        write_private(file, "\n".join([*others, ""]))


def has_person_ids(file: Path, person_ids: Collection[str]) -> bool:
    """Return whether a mapping has a line of one of some person ids."""
    wanted = set(person_ids)
    return any(wanted & set(pair) for pair in _read_pairs(file))


def _read_pairs(file: Path) -> list[tuple[str, str]]:
    with file.open(encoding="ascii", newline="") as rows:
        return [(row["old_person_id"], row["new_person_id"]) for row in csv.DictReader(rows)]
