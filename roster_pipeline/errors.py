"""Every failure that a caller may have to act on, named by its consequence.

RosterError                    a fault of ours                                    exit 1
├── CannotStart                the call or a setting is wrong: correct it         exit 2
│   ├── SettingRefused         an environment variable is missing or malformed
│   ├── DistrictUnknown        the Clever connection does not show this district
│   │   └── DistrictNotShown   and the list of connections was read to its end
│   ├── TierRefused            the district's tier has no roster sync
│   ├── EncodingRefused        the database does not hold UTF-8
│   ├── ServerReadOnly         the server is a replica, or takes no writes
│   ├── PoolerRefused          a pooler lends one session to several clients
│   ├── PartitionMissing       a run was started for no district
│   └── CorrectionRefused      this review cannot be decided so, or this sync not be undone
├── SourceUnusable             Clever gave nothing to believe: nothing changed     exit 4
│   ├── SourceUnreachable      no answer, or none but faults, after every retry
│   ├── SourceRefused          Clever said no: token revoked, not shared, disconnected
│   │   └── ConnectionGone     Clever shows a connected district no more (R5.20)
│   └── SourceBroken           an answer that is no roster: HTML, cut JSON, endless pages
├── EventsMissing              Clever's events do not reach back to the cursor: read in full   exit 1
├── EventsTooMany              they tell more than a full read would cost: read in full        exit 1
├── SqlTestFailed              an SQL test stopped the sync before it published      exit 1
├── FileDamaged                a DuckDB file is damaged: moved aside, made anew     exit 1
│   └── FileOutdated           an earlier version wrote it: moved aside, made anew
├── HomeUnwritable             disk or folder takes no file of a district: make room         exit 2
├── SnapshotUnwritable         disk or folder takes no analysts' file: published all the same   exit 2
├── ProductUnusable            PostgreSQL not usable: nothing changed               exit 6
│   ├── ProductBusy            another session kept its locks through every try
│   ├── ServerUnreachable      no answer, or the session was cut
│   ├── AccessRefused          the user, the password or a grant
│   ├── DatabaseMissing        the server has no such database
│   ├── ConnectionsExhausted   the server has no connection left
│   ├── DiskFull               the server's disk is full
│   └── LockLost               the lock of the district is gone
└── PlanStale                  what a plan would change has moved since            exit 5

Messages say what, where and what to do next, in one line. They carry ids and counts, never a name, email or token.
"""

from collections.abc import Collection
from pathlib import Path


class RosterError(Exception):
    """A fault of ours; the base of every error that this package raises on purpose."""

    exit_code = 1


class CannotStart(RosterError):
    """The call is wrong; nothing was tried."""

    exit_code = 2


class SettingRefused(CannotStart):
    """An environment variable is missing or malformed."""


class DistrictUnknown(CannotStart):
    """The Clever connection does not show this district, or it was never connected."""


class DistrictNotShown(DistrictUnknown):
    """Clever's list of connections was read to its end, and the district is not in it.

    Attributes:
        shown: Clever ids of the districts that the list has.
    """

    def __init__(self, message: str, shown: Collection[str]) -> None:
        super().__init__(message)
        self.shown = shown


class TierRefused(CannotStart):
    """The district's tier has no roster sync, or an operator has paused or disconnected the district (R3.4, R5.20)."""


class EncodingRefused(CannotStart):
    """The database has an encoding other than UTF8, which cannot hold every name."""


class ServerReadOnly(CannotStart):
    """The server is a replica, or its transactions are read-only."""


class PoolerRefused(CannotStart):
    """A pooler stands before the server and lends one session to several clients."""


class PartitionMissing(CannotStart):
    """A run of a job that needs a district was started without one."""


class CorrectionRefused(CannotStart):
    """A review that cannot be decided in this way, or a sync that wrote nothing to put back."""


class SourceUnusable(RosterError):
    """Clever gave nothing that can be believed; the last good state stays."""

    exit_code = 4


class SourceUnreachable(SourceUnusable):
    """No answer from Clever, or none but transient faults, after every retry."""


class SourceRefused(SourceUnusable):
    """Clever answered and said no; trying again without a change there is useless."""


class ConnectionGone(SourceRefused):
    """Clever's list of connections has a connected district no more; everything the district has stays (R5.20)."""


class SourceBroken(SourceUnusable):
    """Clever answered with something that is not the documented envelope."""


class EventsMissing(RosterError):
    """Events after the cursor have expired or were lost: no failure of a run, but the reason why it reads in full."""


class EventsTooMany(RosterError):
    """So much has changed that a full read costs less: no failure of a run, but the reason why it reads in full."""


class SqlTestFailed(RosterError):
    """An SQL test of severity `error` found rows, so the sync stopped before it published."""

    def __init__(self, test: str, rows: int) -> None:
        super().__init__(
            f"SQL test {test} found {rows:,} rows that must not be there. Nothing was published. "
            f"dbt_like_sql/tests/{test}.sql says how to resolve it."
        )


class FileDamaged(RosterError):
    """A DuckDB file of this machine is damaged. It is a cache, so it is moved aside and made anew.

    Attributes:
        file: where it stands.
    """

    def __init__(self, file: Path, what: str) -> None:
        super().__init__(f"{what}. It is a cache: it is moved aside, and what it held is read again the next time.")
        self.file = file


class FileOutdated(FileDamaged):
    """An earlier version of this program wrote a DuckDB file whose tables have other names now."""


class HomeUnwritable(RosterError):
    """The disk or a folder of this machine does not take a district's files. What is published stays."""

    exit_code = 2

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"The files of the district in ROSTER_HOME cannot be written ({reason}). What is published stays. Make "
            "room there, or give this user the folder, then sync again."
        )


class SnapshotUnwritable(RosterError):
    """The disk or the folder does not take the analysts' file. The sync is published, and the last file stays."""

    exit_code = 2

    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(
            f"The analysts' file in {folder} cannot be written ({reason}). The sync is published and the last file "
            "stays. Make room there, or give this user the folder, then sync again."
        )


class ProductUnusable(RosterError):
    """The product database is away or refused the work; its transaction was rolled back."""

    exit_code = 6


class ProductBusy(ProductUnusable):
    """Another session of PostgreSQL holds locks that the work needs, and kept them through every try."""


class ServerUnreachable(ProductUnusable):
    """PostgreSQL does not answer, or it ended the session."""


class AccessRefused(ProductUnusable):
    """PostgreSQL refuses the user or the password, or the user lacks a grant."""


class DatabaseMissing(ProductUnusable):
    """The server has no database of this name."""


class ConnectionsExhausted(ProductUnusable):
    """The server, the database or the role has no connection left."""


class DiskFull(ProductUnusable):
    """The disk of the server is full."""


class LockLost(ProductUnusable):
    """The session that held the lock of the district has ended, so another sync may be running."""


class PlanStale(RosterError):
    """What the plan would change has moved since it was made, in Clever or in the product."""

    exit_code = 5


def is_interruption(error: Exception) -> bool:
    """Whether somebody stopped the work, and the error only came of that.

    A signal ends a query of DuckDB, which then forgets what the signal's handler raised. And what is put back on the
    way out of an interruption may fail, as a transaction of which half a statement was sent.
    """
    link: BaseException | None = error
    while link is not None:
        if isinstance(link, RuntimeError) and str(link) == "Query interrupted":
            return True
        if not isinstance(link, Exception | GeneratorExit):
            return True
        link = link.__cause__ or link.__context__
    return False


def place_of(error: BaseException) -> str:
    """File and line of this package where an error passed last; never its text, which can quote a row."""
    place, trace = "an unknown place", error.__traceback__
    while trace is not None:
        file = Path(trace.tb_frame.f_code.co_filename)
        if "roster_pipeline" in file.parts:
            place = f"{file.name}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place
