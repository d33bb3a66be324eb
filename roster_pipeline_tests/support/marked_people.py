"""Give 200 marked students a whole life in one district with an embedded server, and search for their marks."""

import re
import shutil
from datetime import UTC, datetime, timedelta

import duckdb

from roster_pipeline.instance.eraser import build_eraser
from roster_pipeline.model.limits import Limits
from roster_pipeline.privacy.policy import RetentionPolicy
from roster_pipeline.product.database import transaction
from roster_pipeline.product.organizations import connect_district
from roster_pipeline_tests.support.accounts import ACCOUNT
from roster_pipeline_tests.support.district import impatient_client
from roster_pipeline_tests.support.readers import execute, query
from roster_pipeline_tests.support.stages import leave_snapshot, preview_by_stages, sync_by_stages
from roster_pipeline_tests.support.town import KINDS, Town, clever_id

FIRST_NUMBER, PEOPLE = 4096, 200
NUMBERS = range(FIRST_NUMBER, FIRST_NUMBER + PEOPLE)
NAMES = ("zyxq", "wvutk")
"""They begin the first name, the last name and the email of each marked person."""
WITHOUT_LIMITS = Limits(class_removals=1, school_removals=1, district_removals=1, window_removals=1, district_updates=1)
KEEP = RetentionPolicy(400, 10_000, 10_000, 0, 10_000, 10_000, 10_000)
"""Only the people expire."""
ACTS = """
    insert into roster.web_sessions
        (token_hash, account_id, clever_id, login_kind, csrf, created_at, seen_at, fresh_at, expires_at)
    select 'hash' || l.id, l.account_id, l.clever_id, 'clever', 'c', now(), now(), now(), now()
    from roster.identity_links as l where l.clever_id like :ids;
    insert into roster.web_audit (organization_id, account_id, act, target_kind, target_id, after)
    select l.organization_id, null, 'test', 'account', l.account_id::text, jsonb_build_object('person', l.clever_id)
    from roster.identity_links as l where l.clever_id like :ids;
    insert into roster.corrections (organization_id, kind, args, requested_by, state)
    select l.organization_id, 'different', jsonb_build_object('person', l.clever_id), 'account:0', 'done'
    from roster.identity_links as l where l.clever_id like :ids;
    insert into roster.refresh_requests (organization_id, requested_by, requested_by_account_id, state)
    select l.organization_id, 'account:' || l.account_id, l.account_id, 'published'
    from roster.identity_links as l where l.clever_id like :ids;
"""


def _email(number):
    return f"{NAMES[0]}{number}@town.example.org"


def ids_of(town):
    return f"{town.number:08x}{KINDS.index('student'):08x}00001"


class MarkedTown(Town):
    """A town with 200 marked students, beside its usual people."""

    def __init__(self, number=7):
        super().__init__(number)
        self.marked = [self.marked_student(each) for each in NUMBERS]
        self.section(300, teachers=[clever_id(number, "teacher", 100)], students=self.marked)

    def marked_student(self, number, spelling=""):
        first, last = (f"{name}{spelling}{number}" for name in NAMES)
        return self.student(number, first, last, email=_email(number))


def live_and_leave(settings, product, town, run_sync):
    """Publish a town, change and review its marked people, act on the page, and let the people leave.

    Args:
        run_sync: syncs the town through Dagster.
    """
    with transaction(product) as pg:
        connect_district(pg, town.id, name=town.name, tier="secure_sync")
    for number in NUMBERS[:20]:
        first, last = (f"{name}{number}" for name in NAMES)
        execute(product, ACCOUNT, email=_email(number), first=first, last=last, role="student")
    for number in NUMBERS[60:64]:
        town.edit("users", clever_id(town.number, "student", number), email=_email(NUMBERS[60]))
    run_sync()
    for number in NUMBERS[20:60]:
        town.marked_student(number, "b")
    _sync(settings, product, town, mode="delta")
    for act in ACTS.split(";")[:-1]:
        execute(product, act, ids=f"{ids_of(town)}%")
    leave_snapshot(settings, product)
    town.leave(*town.marked)
    town.section(300, teachers=[clever_id(town.number, "teacher", 100)])
    preview_by_stages(settings, product, town.id)
    _leave_files(settings, town)
    _sync(settings, product, town, limits=WITHOUT_LIMITS)
    leave_snapshot(settings, product)


def _sync(settings, product, town, **how):
    sync_by_stages(settings, product, town.id, clever=impatient_client, **how)


def _leave_files(settings, town):
    """Leave what a damaged file and a killed sync leave behind."""
    file = settings.districts_folder / f"{town.id}.duckdb"
    for folder, name in ((settings.districts_folder, file.name), (settings.snapshots_folder, "latest.duckdb")):
        shutil.copy(folder / name, folder / f"{name}.damaged-{datetime.now(UTC):%Y%m%dT%H%M%S%f}Z")
    (settings.landing_folder / town.id).mkdir(parents=True, exist_ok=True)
    (settings.landing_folder / town.id / "users.ndjson").write_text("".join(town.marked))


def late_eraser(settings):
    """Return what erases, 401 days later."""
    return build_eraser(settings, "operator", lambda: datetime.now(UTC) + timedelta(days=401))


def find_marks(settings, product, town):
    """Return every column of PostgreSQL and every file of ROSTER_HOME that has a mark."""
    pattern = "|".join((*NAMES, ids_of(town)))
    of_files = _marked_files(settings, pattern) | _marked_tables(settings, pattern) | _marked_parquet(settings, pattern)
    return _marked_columns(product, pattern) | of_files


def _marked_columns(product, pattern):
    columns = query(
        product,
        "select format('%I.%I', table_schema, table_name), column_name from information_schema.columns "
        "natural join information_schema.tables where table_type = 'BASE TABLE' and table_schema <> 'pg_catalog' "
        "and table_schema <> 'information_schema' and data_type not in ('bigint', 'boolean', 'bytea')",
    )
    by_table = {}
    for table, column in columns:
        by_table.setdefault(table, []).append(column)
    return {
        table
        for table, names in by_table.items()
        if query(
            product,
            f"select exists (select from {table} where concat_ws(' ', {', '.join(map(_quote, names))}) ~* :pattern)",
            pattern=pattern,
        )
        == [(True,)]
    }


def _quote(name):
    return f'"{name}"'


def _marked_files(settings, pattern):
    marks = re.compile(pattern.encode(), re.IGNORECASE)
    files = (file for file in settings.home.rglob("*") if file.is_file() and not file.is_symlink())
    return {str(file.relative_to(settings.home)) for file in files if marks.search(file.read_bytes())}


def _marked_tables(settings, pattern):
    """Return the tables of DuckDB files with a mark, whose bytes may be compressed."""
    return {f"{file.name}: {table}" for file in settings.home.rglob("*.duckdb") for table in _tables_of(file, pattern)}


def _marked_parquet(settings, pattern):
    """Return the Parquet files with a mark, whose bytes are compressed."""
    files = [str(file) for file in settings.home.rglob("*.parquet")]
    is_marked = "select count(*) from read_parquet(?) as t where regexp_matches(t::varchar, ?)"
    with duckdb.connect() as con:
        return {file for file in files if con.execute(is_marked, [file, f"(?i){pattern}"]).fetchone()[0]}


def _tables_of(file, pattern):
    with duckdb.connect(file, read_only=True) as con:
        tables = con.execute("select format('{}.{}', schema_name, table_name) from duckdb_tables()").fetchall()
        return [
            table
            for (table,) in tables
            if con.execute(
                f"select count(*) from {table} as t where regexp_matches(t::varchar, ?)", [f"(?i){pattern}"]
            ).fetchone()[0]
        ]
