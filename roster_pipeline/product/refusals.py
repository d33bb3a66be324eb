"""What a refusal of PostgreSQL means: its class in the error tree, and one line with the place and the remedy.

The words of the server can quote a row, so they go no further. Only what it says while a connection is opened is
repeated: that names a user, a database or a host, and no password.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import psycopg
from sqlalchemy import URL, Engine
from sqlalchemy.exc import DBAPIError

from roster_pipeline.errors import (
    AccessRefused,
    ConnectionsExhausted,
    DatabaseMissing,
    DiskFull,
    PoolerRefused,
    ProductBusy,
    ProductUnusable,
    RosterError,
    ServerReadOnly,
    ServerUnreachable,
    SettingRefused,
)

SETTING = "ROSTER_DATABASE_URL"
"""The setting that names the product database."""
PRIVILEGE = "42501"
BUSY = ("40P01", "40001", "55P03")
"""SQLSTATEs of a conflict with another session: deadlock, serialization failure, lock not available."""
OWN_SQLSTATES = "RS"
"""The SQLSTATE class of write protection and of notices for the operator. Their words name a row by its ids alone."""
WORDS_SHOWN = 160

Meaning = tuple[type[RosterError], str, str]
"""A class of the error tree, what the server does, and the remedy. In the remedy, {setting} is filled in."""

AWAY: Meaning = (ServerUnreachable, "is away", "Check the server and {setting}")
MEANINGS: dict[str, Meaning] = {
    "08": AWAY,
    "57P": AWAY,
    "28": (AccessRefused, "refuses the user", "Correct the user or the password in {setting}"),
    "3D": (DatabaseMissing, "has no such database", "Create the database, or correct {setting}"),
    "53100": (DiskFull, "has a full disk", "Free space on its disk"),
    "53300": (ConnectionsExhausted, "has no connection left", "End idle sessions there, or raise the limit"),
    "25006": (ServerReadOnly, "takes no writes", "Set {setting} to the primary server"),
}
"""By SQLSTATE, or the beginning of it."""
WHILE_CONNECTING = (
    (r'database ".*" does not exist|no such database', "3D"),
    (r"too many (clients|connections)|connection slots|no more connections|max_client_conn", "53300"),
    (r"authentication|password|pg_hba|role .* (does not exist|is not permitted)|no such user", "28"),
)
"""A refused connection has no SQLSTATE that a driver shows, only words; those of other languages count as away."""


@dataclass(frozen=True)
class Place:
    """One PostgreSQL, in words that hold no secret.

    Attributes:
        setting: the variable that names it.
        where: host:port/database.
    """

    setting: str
    where: str

    @classmethod
    def of(cls, engine: Engine) -> Place:
        """The place that an engine connects to."""
        return cls(engine.get_execution_options().get("setting", SETTING), where(engine.url))


def where(url: URL) -> str:
    """host:port/database of a URL; the folder of the socket stands for a host."""
    host, port = url.host or url.query.get("host", "its socket"), url.port or url.query.get("port", "5432")
    if not isinstance(host, str):
        host = ",".join(host)
    return f"{f'[{host}]' if ':' in host and '/' not in host and ',' not in host else host}:{port}/{url.database}"


def refusal(place: Place, error: BaseException | None) -> RosterError:
    """The error of our own tree that says what a driver's error means.

    Args:
        error: of SQLAlchemy, psycopg or psycopg2.
    """
    if isinstance(error, DBAPIError):
        error = error.orig
    code = sqlstate(error)
    if code is None:
        return _without_code(place, error)
    meaning = next((MEANINGS[code[:length]] for length in (5, 3, 2) if code[:length] in MEANINGS), None)
    if meaning:
        return _named(place, meaning, code)
    if code in BUSY:
        return ProductBusy(
            f"Another session's transaction was in the way ({code}). Everything was rolled back, so no "
            "partial changes were made. Run again once it has ended."
        )
    diag = getattr(error, "diag", None)
    if code.startswith(OWN_SQLSTATES) and diag:
        return ProductUnusable(
            f"The product's write protection {code} refused the work and rolled it back: {diag.message_primary}. "
            f"No partial changes were made. {diag.message_hint}"
        )
    said = " ".join(part for part in (code, getattr(diag, "constraint_name", None)) if part)
    return ProductUnusable(
        f"PostgreSQL refused the work ({said}) and rolled it back. "
        "No partial changes were made. Run again; if it stays, look the code up in PostgreSQL's list of error codes."
    )


def sqlstate(error: BaseException | None) -> str | None:
    """The code that the server gave, from either driver."""
    return getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)


def is_missing_option(error: BaseException | None) -> bool:
    """Whether libpq did not even try, because it does not know an option of the URL."""
    return bool(re.search(r"invalid (connection|URI query) (option|parameter)|invalid dsn", str(error)))


def _without_code(place: Place, error: BaseException | None) -> RosterError:
    said = _words(error)
    if is_missing_option(error):
        return SettingRefused(f"{place.setting} has an option that PostgreSQL's client does not know. Correct it.")
    if "unsupported startup parameter" in said:
        return PoolerRefused(
            f"The pooler at {place.where} refuses a start-up parameter that {place.setting} has ({said}). "
            "Nothing was tried. Use the direct address of PostgreSQL."
        )
    if isinstance(error, psycopg.DataError | psycopg.ProgrammingError | psycopg.NotSupportedError):
        return ProductUnusable(
            f"The work for PostgreSQL was refused before it was sent ({type(error).__name__}). No partial changes "
            "were made. The next sync does what this one did not; if it stays, report it with the run's id."
        )
    found = next((code for pattern, code in WHILE_CONNECTING if re.search(pattern, said, re.IGNORECASE)), "08")
    return _named(place, MEANINGS[found], said)


def _named(place: Place, meaning: Meaning, said: str) -> RosterError:
    kind, does, remedy = meaning
    return kind(
        f"PostgreSQL at {place.where} {does} ({said}). No partial changes were made. "
        f"{remedy.format(setting=place.setting)}, then run again."
    )


def _words(error: BaseException | None) -> str:
    return re.sub(r"\s+", " ", str(error)).strip()[:WORDS_SHOWN]
