"""Play *Log in with Clever*: the page of demo people, codes, tokens of single people, `/me` and `/userinfo`.

A person of a connected district is logged in for that district. A person of another district is logged in for Clever
Library, so the answer names no district.
"""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import count
from random import Random
from urllib.parse import urlencode

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from roster_pipeline.sandbox.api.answers import json_answer, one_answer, refusal
from roster_pipeline.sandbox.api.collection import Object
from roster_pipeline.sandbox.api.library import answer_library
from roster_pipeline.sandbox.api.versions import VERSIONS
from roster_pipeline.sandbox.data.district import SandboxDistrict

CODE_SECONDS = 60
"""How long a code can be exchanged."""
DEMO_ROLES = ("district_admin", "staff", "teacher", "student")
LIBRARY_ROLES = ("teacher", "student")
PEOPLE_PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Clever sandbox</title></head>
<body><h1>Log in as</h1>{districts}</body>
</html>
"""


@dataclass(frozen=True)
class Login:
    """A person who logged in at the sandbox. The person need not be shared with the application."""

    district: SandboxDistrict
    user_id: str

    @property
    def user(self) -> Object:
        """Return the person as the district shares the person. The object is empty if the district does not."""
        users = self.district.resources["users"]
        return users.shown(self.user_id) if self.user_id in users else {}


@dataclass(frozen=True)
class _Code:
    login: Login
    redirect_uri: str
    made_at: float


class _Exchange(msgspec.Struct):
    """The body of `POST /oauth/tokens`."""

    code: str = ""
    grant_type: str = ""
    redirect_uri: str = ""


class Logins:
    """The logins of people at one application."""

    def __init__(self, districts: Sequence[SandboxDistrict], client_id: str, clock: Callable[[], float]) -> None:
        """Create the routes.

        Args:
            districts: the districts whose people can log in.
            client_id: the id of the application.
            clock: returns Unix seconds for the age of a code.
        """
        self._districts, self._client_id, self._clock = districts, client_id, clock
        self._codes: dict[str, _Code] = {}
        self._tokens: dict[str, Login] = {}
        # The product remembers the codes of an earlier run of the sandbox for a day, so each run has codes of its own.
        began = clock()
        self._secrets = (Random(f"{began}/{number}").randbytes(20).hex() for number in count(1))  # noqa: S311 - invented

    async def authorize(self, request: Request) -> Response:
        """Answer `GET /oauth/authorize` with the page of demo people, or with a code for the chosen `user`.

        Without a `state` the answer is like an icon of the portal. A `user` whom the district does not share needs a
        `district_id`.
        """
        query = request.query_params
        redirect_uri = query.get("redirect_uri", "")
        is_known = query.get("client_id") == self._client_id and redirect_uri.startswith(("http://", "https://"))
        if not is_known or query.get("response_type") != "code":
            return refusal(400, "invalid_request")
        if "user" not in query:
            return HTMLResponse(self._show_people(dict(query)))
        login = self._find_login(query["user"], query.get("district_id"))
        if login is None:
            return refusal(404, "Resource not found")
        code = next(self._secrets)
        self._codes[code] = _Code(login, redirect_uri, self._clock())
        state = {"state": query["state"]} if "state" in query else {}
        return RedirectResponse(f"{redirect_uri}?{urlencode({'code': code, 'scope': '', **state})}", 303)

    async def exchange(self, request: Request) -> Response:
        """Answer `POST /oauth/tokens` with the token of a person. A code works once, and for a minute."""
        try:
            body = msgspec.json.decode(await request.body(), type=_Exchange)
        except msgspec.DecodeError:
            return refusal(400, "invalid_request")
        code = self._codes.pop(body.code, None)
        is_valid = code and body.redirect_uri == code.redirect_uri and self._clock() - code.made_at <= CODE_SECONDS
        if code is None or not is_valid or body.grant_type != "authorization_code":
            return refusal(400, "invalid grant: invalid code")
        token = next(self._secrets)
        self._tokens[token] = code.login
        return json_answer({"access_token": token, "token_type": "bearer"})

    def find_person(self, authorization: str) -> Login | None:
        """Return the person of a bearer token, or None if it is not the token of a person."""
        kind, _, token = authorization.partition(" ")
        return self._tokens.get(token) if kind.lower() == "bearer" else None

    def _find_login(self, user_id: str, district_id: str | None) -> Login | None:
        districts = [each for each in self._districts if district_id in (None, each.id)]
        homes = [each for each in districts if user_id in each.resources["users"]]
        home = next(iter(homes or (districts if district_id else ())), None)
        return Login(home, user_id) if home else None

    def _show_people(self, query: dict[str, str]) -> str:
        """Return the page with one person of each role of each district."""
        wanted = query.get("district_id")
        shown = [each for each in self._districts if wanted in (None, each.id)]
        return PEOPLE_PAGE.format(districts="".join(_show_district(each, query) for each in shown))


class PersonApi:
    """The routes that the token of a person opens. Every other request goes to the Data API."""

    def __init__(self, logins: Logins, others: Callable[[Request], Awaitable[Response]]) -> None:
        self._logins, self._others = logins, others

    async def answer(self, request: Request) -> Response:
        """Answer `/userinfo`, `/v3.x/me` and `/v3.x/users/{own id}` for the token of a person.

        The token of a Library teacher opens the teacher's classes too.
        """
        login = self._logins.find_person(request.headers.get("authorization", ""))
        if login is None:
            return await self._others(request)
        version, _, path = request.url.path.strip("/").partition("/")
        if version == "userinfo":
            return json_answer(_describe_user(login))
        if version not in VERSIONS:
            return refusal(404, "Resource not found")
        if path == "me":
            return json_answer({"type": "user", "data": _identify(login), "links": _links(version, login)})
        if not login.district.connected:
            return answer_library(login.district, login.user_id, version, path, request.query_params)
        if path != f"users/{login.user_id}":
            return refusal(403, "Forbidden")
        if not login.user:
            return refusal(404, "Resource not found")
        return one_answer(version, "users", login.district.resources["users"], login.user_id)


def _identify(login: Login) -> Object:
    """Return the data of `/me`. Only a login of a connected district has a district."""
    person = {"id": login.user_id, "type": "user"}
    if not login.district.connected:
        return {**person, "authorized_by": "teacher"}
    return {**person, "district": login.district.id, "authorized_by": "district"}


def _describe_user(login: Login) -> Object:
    """Return the claims of `/userinfo`. The field `user_id` has the id of older versions of the API."""
    roles: Object = login.user.get("roles", {})
    role = next(iter(roles), "")
    district = {"district": login.district.id} if login.district.connected else {}
    claims = {"sub": login.user_id, "multi_role_user_id": login.user_id, "user_type": role, **district}
    shared = {
        "email": login.user.get("email"),
        "name": login.user.get("name"),
        "user_id": roles.get(role, {}).get("legacy_id"),
    }
    return claims | {name: value for name, value in shared.items() if value}


def _links(version: str, login: Login) -> list[dict[str, str]]:
    canonical = f"/{version}/users/{login.user_id}"
    return [{"rel": "self", "uri": "/me"}, {"rel": "canonical", "uri": canonical}]


def _show_district(district: SandboxDistrict, query: dict[str, str]) -> str:
    people = "".join(
        f'<li><a href="/oauth/authorize?{escape(urlencode({**query, "user": user["id"]}))}">'
        f"{escape(_name(user))} ({role})</a></li>"
        for role, user in _demo_people(district)
    )
    return f"<h2>{escape(district.name)}</h2><ul>{people}</ul>"


def _demo_people(district: SandboxDistrict) -> Iterator[tuple[str, Object]]:
    """Yield the first person of each role. Clever Library has teachers and students only."""
    users = district.resources["users"].values()
    for role in DEMO_ROLES if district.connected else LIBRARY_ROLES:
        if user := next((each for each in users if role in each.get("roles", {})), None):
            yield role, user


def _name(user: Object) -> str:
    name: Object = user.get("name") or {}
    return " ".join(str(name[part]) for part in ("first", "last") if name.get(part)) or user["id"]
