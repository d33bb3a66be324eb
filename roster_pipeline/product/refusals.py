"""Translates errors of PostgreSQL into errors of this project: the class, and one line with the place and the remedy.

The message of the server can quote a row, so it is not repeated. The exception is a message about opening a connection,
which names a user, a database or a host, and no password.
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
"""The SQLSTATE class of errors that our own triggers raise. Their messages name a row only by its ids."""
MESSAGE_MAX_CHARS = 160

Meaning = tuple[type[RosterError], str, str]
"""The class of the error, a phrase about the server, and the remedy, in which {setting} is replaced."""

UNREACHABLE: Meaning = (ServerUnreachable, "is away", "Check the server and {setting}")
MEANINGS: dict[str, Meaning] = {
    "08": UNREACHABLE,
    "57P": UNREACHABLE,
    "28": (AccessRefused, "refuses the user", "Correct the user or the password in {setting}"),
    "3D": (DatabaseMissing, "has no such database", "Create the database, or correct {setting}"),
    "53100": (DiskFull, "has a full disk", "Free space on its disk"),
    "53300": (ConnectionsExhausted, "has no connection left", "End idle sessions there, or raise the limit"),
    "25006": (ServerReadOnly, "takes no writes", "Set {setting} to the primary server"),
}
"""The meaning of each SQLSTATE, or of all that begin with the key."""
CONNECTION_ERRORS = (
    (r'database ".*" does not exist|no such database', "3D"),
    (r"too many (clients|connections)|connection slots|no more connections|max_client_conn", "53300"),
    (r"authentication|password|pg_hba|role .* (does not exist|is not permitted)|no such user", "28"),
)
"""Patterns of English messages about a refused connection, with the SQLSTATE that each one means.

A driver gives no SQLSTATE for a refused connection. A message in another language counts as an unreachable server.
"""


@dataclass(frozen=True)
class Place:
    """The address of a PostgreSQL database, without a secret.

    Attributes:
        setting: the environment variable that holds the URL.
        where: host:port/database.
    """

    setting: str
    where: str

    @classmethod
    def of(cls, engine: Engine) -> Place:
        """Return the place that an engine connects to."""
        return cls(engine.get_execution_options().get("setting", SETTING), format_address(engine.url))


def format_address(url: URL) -> str:
    """Return host:port/database of a URL. The folder of a socket takes the place of the host."""
    host, port = url.host or url.query.get("host", "its socket"), url.port or url.query.get("port", "5432")
    if not isinstance(host, str):
        host = ",".join(host)
    return f"{f'[{host}]' if ':' in host and '/' not in host and ',' not in host else host}:{port}/{url.database}"


def translate_error(place: Place, error: BaseException | None) -> RosterError:
    """Return the error of this project that a driver's error means.

    Args:
        error: an error of SQLAlchemy, psycopg or psycopg2.
    """
    if isinstance(error, DBAPIError):
        error = error.orig
    code = read_sqlstate(error)
    if code is None:
        return _translate_without_sqlstate(place, error)
    meaning = next((MEANINGS[code[:length]] for length in (5, 3, 2) if code[:length] in MEANINGS), None)
    if meaning:
        return _build_error(place, meaning, code)
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
    detail = " ".join(part for part in (code, getattr(diag, "constraint_name", None)) if part)
    return ProductUnusable(
        f"PostgreSQL refused the work ({detail}) and rolled it back. "
        "No partial changes were made. Run again; if it stays, look the code up in PostgreSQL's list of error codes."
    )


def read_sqlstate(error: BaseException | None) -> str | None:
    """Return the SQLSTATE of an error of psycopg or psycopg2, or None if the server gave none."""
    return getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)


def is_unknown_option(error: BaseException | None) -> bool:
    """Return whether libpq did not connect because it does not know an option of the URL."""
    return bool(re.search(r"invalid (connection|URI query) (option|parameter)|invalid dsn", str(error)))


def _translate_without_sqlstate(place: Place, error: BaseException | None) -> RosterError:
    """Return the error for a refused connection, or for an error that the driver raised itself."""
    message = _read_message(error)
    if is_unknown_option(error):
        return SettingRefused(f"{place.setting} has an option that PostgreSQL's client does not know. Correct it.")
    if "unsupported startup parameter" in message:
        return PoolerRefused(
            f"The pooler at {place.where} refuses a start-up parameter that {place.setting} has ({message}). "
            "Nothing was tried. Use the direct address of PostgreSQL."
        )
    if isinstance(error, psycopg.DataError | psycopg.ProgrammingError | psycopg.NotSupportedError):
        return ProductUnusable(
            f"The work for PostgreSQL was refused before it was sent ({type(error).__name__}). No partial changes "
            "were made. The next sync does what this one did not; if it stays, report it with the run's id."
        )
    code = next((code for pattern, code in CONNECTION_ERRORS if re.search(pattern, message, re.IGNORECASE)), "08")
    return _build_error(place, MEANINGS[code], message)


def _build_error(place: Place, meaning: Meaning, detail: str) -> RosterError:
    error_class, phrase, remedy = meaning
    return error_class(
        f"PostgreSQL at {place.where} {phrase} ({detail}). No partial changes were made. "
        f"{remedy.format(setting=place.setting)}, then run again."
    )


def _read_message(error: BaseException | None) -> str:
    """Return the message of an error in one line, cut at `MESSAGE_MAX_CHARS`."""
    return re.sub(r"\s+", " ", str(error)).strip()[:MESSAGE_MAX_CHARS]
