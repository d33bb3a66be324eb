"""The client of *Log in with Clever*: the address to authorize at, the exchange of a code, and who the person is.

At the beginning of a school day hundreds of threads wait for Clever at a time. urllib3 needs the least time of the
processor for that, of the clients that keep their connections.
"""

from __future__ import annotations

from typing import Any, TypeVar
from urllib.parse import urlencode

import msgspec
import urllib3

from roster_pipeline.errors import RosterError
from roster_pipeline.settings import Settings

Answer = TypeVar("Answer")
SECONDS = 10.0
"""The longest wait for an answer of Clever. A code is never sent twice."""
CONNECTIONS = 300
"""The connections to Clever that are kept open."""
ANSWER_MAX_BYTES = 256 * 1024


class CodeRefused(RosterError):
    """Clever refused the code: it is older than a minute, or it was used."""


class LoginUnanswered(RosterError):
    """Clever, or Google, gave no usable answer."""


class Token(msgspec.Struct):
    """The token of one person. It is dropped when the login is over, unless the person is a Library teacher."""

    access_token: str


class Identity(msgspec.Struct):
    """Who the person is to Clever. A login without a district, or not authorized by one, is one of Clever Library."""

    id: str
    district: str | None = None
    authorized_by: str | None = None

    @property
    def is_library(self) -> bool:
        return not self.district or self.authorized_by != "district"


class Name(msgspec.Struct):
    """The name of a person. Of a student, Clever Library gives the first letter of the last name only."""

    first: str | None = None
    last: str | None = None

    def __post_init__(self) -> None:
        """Drop a name with NUL, which PostgreSQL cannot store, as a sync does."""
        self.first = None if self.first and "\0" in self.first else self.first
        self.last = None if self.last and "\0" in self.last else self.last


class User(msgspec.Struct):
    """The name, the email and the roles of a person."""

    id: str
    roles: dict[str, msgspec.Raw] = {}
    email: str | None = None
    name: Name | None = None

    def __post_init__(self) -> None:
        """Drop an email with a control character, because nobody has such a one."""
        self.email = self.email if self.email and self.email.strip().isprintable() else None


class _Identified(msgspec.Struct):
    data: Identity


class _UserAnswer(msgspec.Struct):
    data: User


class CleverLogin:
    """The client of one program of the page. Its connections to Clever are kept open."""

    def __init__(self, settings: Settings, *, seconds: float = SECONDS) -> None:
        self._auth_url = str(settings.clever_auth_url).rstrip("/")
        self._api_url = str(settings.clever_api_url).rstrip("/")
        self._client_id = settings.clever_client_id or ""
        secret = settings.clever_client_secret.get_secret_value() if settings.clever_client_secret else ""
        self._basic = urllib3.make_headers(basic_auth=f"{self._client_id}:{secret}")
        self._timeout = seconds
        self._http = urllib3.PoolManager(maxsize=CONNECTIONS, retries=False)

    def close(self) -> None:
        self._http.clear()

    def authorize_url(self, redirect_uri: str, state: str, district_id: str | None = None) -> str:
        """Return the address at Clever to which a login goes."""
        query = {"response_type": "code", "client_id": self._client_id, "redirect_uri": redirect_uri, "state": state}
        return f"{self._auth_url}/oauth/authorize?" + urlencode(
            query | ({"district_id": district_id} if district_id else {})
        )

    def exchange(self, code: str, redirect_uri: str) -> str:
        """Return the token for a code.

        Raises:
            CodeRefused: the code is too old, or it was used.
            LoginUnanswered: Clever gave no usable answer.
        """
        body = {"code": code, "grant_type": "authorization_code", "redirect_uri": redirect_uri}
        answer = self._ask("POST", f"{self._auth_url}/oauth/tokens", self._basic, json=body)
        if answer.status == 400:
            raise CodeRefused("Clever refused the code of a login: it is too old, or it was used.")
        return decode_answer(answer.status, answer.data, Token).access_token

    def identify(self, token: str) -> Identity:
        """Return who the person of a token is.

        Raises:
            LoginUnanswered: as `decode_answer`, or an id is not printable, so that it can name no row.
        """
        identity = self._get("/v3.0/me", token, _Identified).data
        if not f"{identity.id}{identity.district or ''}".isprintable():
            raise LoginUnanswered("A login was answered with an id that is not printable.")
        return identity

    def read_user(self, token: str, clever_id: str) -> User:
        """Return the email and the roles of the person of a token.

        Raises:
            LoginUnanswered: as `decode_answer`, or the answer is about another person.
        """
        user = self._get(f"/v3.0/users/{clever_id}", token, _UserAnswer).data
        if user.id != clever_id:
            raise LoginUnanswered("A login was answered with another person than the one of its token.")
        return user

    def _get(self, path: str, token: str, kind: type[Answer]) -> Answer:
        answer = self._ask("GET", self._api_url + path, {"authorization": f"Bearer {token}"})
        return decode_answer(answer.status, answer.data, kind)

    def _ask(self, method: str, url: str, headers: dict[str, str], **body: Any) -> urllib3.BaseHTTPResponse:
        try:
            return self._http.request(method, url, headers=headers, redirect=False, timeout=self._timeout, **body)
        except urllib3.exceptions.HTTPError as error:
            raise LoginUnanswered(f"Clever did not answer a login ({type(error).__name__}).") from None


def decode_answer(status: int, content: bytes, kind: type[Answer]) -> Answer:
    """Return the JSON of an answer as a value.

    Raises:
        LoginUnanswered: the status is not 200, or the body is not the documented JSON.
    """
    if status != 200 or len(content) > ANSWER_MAX_BYTES:
        raise LoginUnanswered(f"A login was answered with status {status}.")
    try:
        return msgspec.json.decode(content, type=kind)
    except msgspec.DecodeError:
        raise LoginUnanswered("A login was answered with something else than the documented JSON.") from None
