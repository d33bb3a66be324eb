"""Writes `latest.duckdb` as Parquet too, for other engines: `snapshots/parquet/`, with a manifest.

The rows of a table are in up to 64 files, by the hash of their district. The name of a file has the digest of its rows,
so a name never stands for other rows, and a pass writes only the files whose rows have changed. The manifest lists the
files of each table. It is replaced last and at once, so who reads the files that it lists reads one state. A file that
the manifest no longer lists stays for `GRACE`, for readers that opened the manifest before.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

import duckdb

from roster_pipeline.damaged import remove
from roster_pipeline.paths import PRIVATE_FILE, private_folder
from roster_pipeline.snapshot.file import LATEST, NEXT, refused_writes
from roster_pipeline.snapshot.layout import attach_for_reading
from roster_pipeline.snapshot.read import open_workspace
from roster_pipeline.snapshot.tables import TABLES

PARQUET, MANIFEST, BUCKETS = "parquet", "manifest.json", 64
GRACE = timedelta(days=1)
BUCKET = f"('0x' || left(md5(district_id), 2))::integer % {BUCKETS}"
SOURCE = "latest"
Names = Mapping[str, Mapping[int, str]]


def renew_parquet(folder: Path, *, at: datetime, grace: timedelta = GRACE) -> int:
    """Bring the Parquet files up to date with `latest.duckdb` of a folder. Return the number of files written.

    Args:
        folder: The folder of `latest.duckdb`, whose lock the caller holds.
        at: The time now.
        grace: How long a file stays that the manifest no longer lists.

    Raises:
        SnapshotUnwritable: The disk or the folder refuses a file.
    """
    place, temporary = folder / PARQUET, folder / f"{NEXT}.parquet"
    with refused_writes(folder):
        private_folder(place)
        remove(temporary)  # a process that was killed may have left it
        private_folder(temporary)
        try:
            with open_workspace(temporary) as con, attach_for_reading(con, folder / LATEST, SOURCE):
                names = _name_files(con)
                written = sum(_write_missing(con, place, temporary, table, names[table]) for table in names)
            _replace_manifest(place, names, at)
            _remove_old(place, names, at - grace)
        finally:
            remove(temporary)
    return written


def _name_files(con: duckdb.DuckDBPyConnection) -> Names:
    """Return the name of each file by table and bucket. It has the digest of the rows and of the columns."""
    names: dict[str, dict[int, str]] = {}
    for table in (f"{each.name}_history" for each in TABLES):
        columns = [name for name, *_ in con.execute(f"describe {SOURCE}.{table}").fetchall()]
        digests = f"select {BUCKET} as bucket, count(*), sum(hash(rows)::hugeint) from {SOURCE}.{table} as rows"
        rows = con.execute(f"{digests} group by bucket")
        names[table] = {}
        for bucket, *digest in rows.fetchall():
            code = sha256(repr((columns, digest)).encode()).hexdigest()[:16]
            names[table][bucket] = f"{table}-{bucket:02}-{code}.parquet"
    return names


def _write_missing(
    con: duckdb.DuckDBPyConnection, place: Path, temporary: Path, table: str, names: Mapping[int, str]
) -> int:
    """Write the files of a table that do not exist. A file gets its name when it is complete."""
    missing = sorted(bucket for bucket, name in names.items() if not (place / name).exists())
    if not missing:
        return 0
    parts, mode = temporary / table, place.stat().st_mode & 0o044
    con.execute("set threads = 1")  # several threads write several files for a bucket
    con.execute(
        f"copy (select *, {BUCKET} as bucket from {SOURCE}.{table} where {BUCKET} in ({', '.join(map(str, missing))})) "
        f"to '{_quoted(parts)}' (format parquet, compression zstd, compression_level 1, partition_by (bucket))"
    )
    con.execute("reset threads")
    for bucket in missing:
        (part,) = (parts / f"bucket={bucket}").iterdir()
        part.chmod(PRIVATE_FILE | mode)
        part.replace(place / names[bucket])
    return len(missing)


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def _replace_manifest(place: Path, names: Names, at: datetime) -> None:
    """Replace the manifest at once. A file that it lists no more gets the present time, from which it is old."""
    listed = {table: [name for _, name in sorted(of_table.items())] for table, of_table in names.items()}
    for name in set(_read_listed(place)) - {name for files in listed.values() for name in files}:
        if (place / name).exists():
            os.utime(place / name, (at.timestamp(), at.timestamp()))
    following = place / f".{MANIFEST}"
    following.touch(mode=PRIVATE_FILE)
    following.write_text(json.dumps({"written_at": at.isoformat(), "tables": listed}, indent=1), encoding="utf-8")
    following.chmod(PRIVATE_FILE | place.stat().st_mode & 0o044)
    following.replace(place / MANIFEST)


def _read_listed(place: Path) -> Iterator[str]:
    """Return the names of the files that the manifest lists. A manifest that cannot be read lists none."""
    try:
        tables = json.loads((place / MANIFEST).read_text(encoding="utf-8"))["tables"]
    except (OSError, ValueError, KeyError, TypeError):
        return
    for names in tables.values():
        yield from names


def _remove_old(place: Path, names: Names, before: datetime) -> None:
    listed: Collection[str] = {name for of_table in names.values() for name in of_table.values()}
    for file in place.glob("*.parquet"):
        if file.name not in listed and file.stat().st_mtime <= before.timestamp():
            remove(file)
