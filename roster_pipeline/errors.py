"""The errors of this package as a tree. The class of an error decides the exit code.

RosterError                    an internal error                                  exit 1
├── CannotStart                the call or a setting is wrong: correct it         exit 2
│   ├── SettingRefused         an environment variable is missing or malformed
│   ├── DistrictUnknown        the Clever connection does not show this district
│   │   └── DistrictNotShown   and the list of connections was read to its end
│   ├── TierRefused            the district's tier has no roster sync
│   ├── EncodingRefused        the database does not hold UTF-8
│   ├── ServerReadOnly         the server is a replica, or takes no writes
│   ├── PoolerRefused          a pooler lends one session to several clients
│   ├── PartitionMissing       a run was started for no district
│   ├── PressedTooOften        an account has filed too many update requests
│   ├── AdminRefused           this account cannot be made or removed as an admin
│   ├── IdentifyRefused        this user may not identify people, or nobody has this person id
│   ├── CorrectionRefused      this review cannot be decided so, or this sync not be undone
│   └── ForgetRefused          Clever still shares the data, or nothing is held about this id
├── SourceUnusable             Clever is not usable: nothing changed               exit 4
│   ├── SourceUnreachable      Clever did not respond after every retry
│   ├── SourceRefused          Clever refused: token revoked, not shared, disconnected
│   │   ├── TokenRefused       the token is not valid any more
│   │   └── ConnectionGone     Clever no longer shows a connected district (R5.20)
│   └── SourceBroken           the answer is not the documented JSON, or a list has no end
├── EventsMissing              events may be missing: the sync becomes a full sync              exit 1
├── EventsTooMany              too many changes: the sync becomes a full sync                   exit 1
├── SqlTestFailed              an SQL test stopped the sync before it published      exit 1
├── FileDamaged                a DuckDB file is damaged: moved aside and created again exit 1
│   └── FileOutdated           an earlier version wrote it: moved aside and created again
├── HomeUnwritable             a file of a district cannot be written: free disk space       exit 2
├── SnapshotUnwritable         the analysts' file cannot be written: the sync is published      exit 2
│   └── SnapshotBusy           another pass writes it for too long
├── PseudonymKeyUnusable       the key of a district's person ids is missing or damaged        exit 2
├── ProductUnusable            PostgreSQL not usable: nothing changed               exit 6
│   ├── ProductBusy            another session kept its locks through every try
│   ├── ServerUnreachable      no answer, or the session was cut
│   ├── AccessRefused          the user, the password or a grant
│   ├── DatabaseMissing        the server has no such database
│   ├── ConnectionsExhausted   the server has no connection left
│   ├── DiskFull               the server's disk is full
│   └── LockLost               the lock of the district is gone
└── PlanStale                  the rows of the plan have changed since             exit 5

A message says in one line what happened, what it means and what to do. It holds ids and counts, and never a name, an
email or a token.
"""

from collections.abc import Collection
from pathlib import Path


class RosterError(Exception):
    """The base of every error that this package raises. By itself it is an internal error."""

    exit_code = 1


class CannotStart(RosterError):
    """The call or a setting is wrong. Nothing was changed."""

    exit_code = 2


class SettingRefused(CannotStart):
    """An environment variable is missing or malformed."""


class DistrictUnknown(CannotStart):
    """The Clever connection does not show this district, or it was never connected."""


class DistrictNotShown(DistrictUnknown):
    """The district is not in Clever's list of connections, which was read to its end.

    Attributes:
        shown: the Clever ids of the districts in the list.
    """

    def __init__(self, message: str, shown: Collection[str]) -> None:
        super().__init__(message)
        self.shown = shown


class TierRefused(CannotStart):
    """The district's tier has no roster sync, or an operator has paused or disconnected the district (R3.4, R5.20)."""


class PressedTooOften(CannotStart):
    """An account has filed as many update requests within an hour as it may. No request was filed."""


class EncodingRefused(CannotStart):
    """The database has an encoding other than UTF8, which cannot hold every name."""


class ServerReadOnly(CannotStart):
    """The server is a replica, or its transactions are read-only."""


class PoolerRefused(CannotStart):
    """A pooler in transaction mode stands before the server and lends one session to several clients."""


class PartitionMissing(CannotStart):
    """A run of a job that needs a district was started without one."""


class AdminRefused(CannotStart):
    """The account cannot have these rights, or the district would have no admin any more."""


class IdentifyRefused(CannotStart):
    """The database user may not identify people, or nobody has this person id."""


class CorrectionRefused(CannotStart):
    """The review cannot be decided in this way, or the sync wrote nothing that could be undone."""


class ForgetRefused(CannotStart):
    """This person or district cannot be forgotten or exported. Nothing was changed."""


class SourceUnusable(RosterError):
    """Clever is not usable. Nothing was changed."""

    exit_code = 4


class SourceUnreachable(SourceUnusable):
    """Clever did not respond after every retry."""


class SourceRefused(SourceUnusable):
    """Clever refused the request. Repeating it is useless until something changes in Clever."""


class TokenRefused(SourceRefused):
    """Clever answered 401: the token was revoked, or it has expired. Another token can help."""


class ConnectionGone(SourceRefused):
    """Clever no longer shows a connected district. Everything that the district has stays (docs/rules.md R5.20)."""


class SourceBroken(SourceUnusable):
    """The answer is not the documented JSON, or a list has no end."""


class EventsMissing(RosterError):
    """Events after the cursor may be missing. The sync then becomes a full sync and does not fail."""


class EventsTooMany(RosterError):
    """A full sync costs less than the events. The sync then becomes a full sync and does not fail."""


class SqlTestFailed(RosterError):
    """An SQL test of severity `error` found rows, so the sync stopped before it published."""

    def __init__(self, test: str, rows: int) -> None:
        super().__init__(
            f"SQL test {test} found {rows:,} rows that must not be there. Nothing was published. "
            f"dbt_like_sql/tests/{test}.sql says how to resolve it."
        )


class FileDamaged(RosterError):
    """A DuckDB file of this machine is damaged. It is a cache, so it is moved aside and created again.

    Attributes:
        file: the path of the file.
    """

    def __init__(self, file: Path, what: str) -> None:
        super().__init__(f"{what}. It is a cache: it is moved aside, and what it held is read again the next time.")
        self.file = file


class FileOutdated(FileDamaged):
    """An earlier version of this program wrote a DuckDB file whose tables have other names now."""


class HomeUnwritable(RosterError):
    """The files of a district cannot be written on this machine. What is published stays."""

    exit_code = 2

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"The files of the district in ROSTER_HOME cannot be written ({reason}). What is published stays. Make "
            "room there, or give this user the folder, then sync again."
        )


class SnapshotUnwritable(RosterError):
    """The analysts' file cannot be written. The sync is published, and the last file stays."""

    exit_code = 2

    def __init__(
        self, folder: Path, reason: str, remedy: str = "Make room there, or give this user the folder"
    ) -> None:
        super().__init__(
            f"The analysts' file in {folder} cannot be written ({reason}). The sync is published and the last file "
            f"stays. {remedy}, then sync again."
        )


class SnapshotBusy(SnapshotUnwritable):
    """Another pass has written the analysts' file for too long."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, "another pass has not ended", "Wait until that pass ends")


class PseudonymKeyUnusable(RosterError):
    """The key of the person ids of an organization cannot be used. No other key takes its place by itself."""

    exit_code = 2

    def __init__(self, file: Path, what: str, remedy: str = "Put the file back from a copy") -> None:
        super().__init__(
            f"The key of person ids in {file} {what}. No new key was made, and the analysts' files stay as they are. "
            f"{remedy}, then run again. If the key is lost: roster-pipeline keys rotate --district ID --lost"
        )


class ProductUnusable(RosterError):
    """PostgreSQL is not usable. The transaction was rolled back, so nothing was changed."""

    exit_code = 6


class ProductBusy(ProductUnusable):
    """Another session of PostgreSQL kept its locks through every try."""


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
    """The rows of the plan have changed since it was made, in Clever or in the product (docs/rules.md R5.16)."""

    exit_code = 5


def is_interruption(error: Exception) -> bool:
    """Return whether an error is only the consequence of a stop, for example of Ctrl-C.

    A signal ends a query of DuckDB, and DuckDB then loses the exception of the signal's handler. The cleanup after a
    stop can also fail, for example in a transaction whose last statement was sent in part.
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
    """Return the file and the line of this package that an error passed last. The text of an error can quote a row."""
    place, trace = "an unknown place", error.__traceback__
    while trace is not None:
        file = Path(trace.tb_frame.f_code.co_filename)
        if "roster_pipeline" in file.parts:
            place = f"{file.name}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place
