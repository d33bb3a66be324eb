"""Play *Log in with Google* (OpenID Connect): discovery, the page of demo people, codes, ID tokens and their key.

Every user of a district who has an email has a Google account with that email, and is logged in there for an hour. A
request with `max_age=0` or `prompt=login` logs the person in again.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape
from itertools import count
from random import Random
from secrets import compare_digest
from urllib.parse import urlencode

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from roster_pipeline.sandbox.api.answers import json_answer, refusal
from roster_pipeline.sandbox.api.collection import Object
from roster_pipeline.sandbox.data.district import SandboxDistrict

PATH = "/google"
KEY_ID = "sandbox"
CODE_SECONDS = 60
SESSION_SECONDS = 3600
DEMO_ROLES = ("district_admin", "teacher", "student")


@dataclass(frozen=True)
class _Code:
    redirect_uri: str
    challenge: str
    claims: Object
    made_at: float


class Google:
    """The logins of people at one application."""

    def __init__(
        self, districts: Sequence[SandboxDistrict], client_id: str, client_secret: str, clock: Callable[[], float]
    ) -> None:
        """Create the routes.

        Args:
            clock: returns Unix seconds for the age of codes and tokens.
        """
        self._districts, self._clock = districts, clock
        self._client_id, self._client_secret = client_id, client_secret
        self._codes: dict[str, _Code] = {}
        began = clock()
        seeds = (f"google/{began}/{number}" for number in count(1))
        self._secrets = (Random(seed).randbytes(20).hex() for seed in seeds)  # noqa: S311 - invented

    @property
    def routes(self) -> list[Route]:
        return [
            Route(f"{PATH}/.well-known/openid-configuration", self.discover),
            Route(f"{PATH}/authorize", self.authorize),
            Route(f"{PATH}/token", self.exchange, methods=["POST"]),
            Route(f"{PATH}/keys", self.list_keys),
        ]

    async def discover(self, request: Request) -> Response:
        """Answer with the addresses of the identity provider."""
        base = str(request.base_url).rstrip("/") + PATH
        places = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
        return json_answer({"issuer": base, **{name: f"{base}/{path}" for name, path in places.items()}})

    async def authorize(self, request: Request) -> Response:
        """Answer with the page of demo people, or with a code for the chosen `user`.

        The parameter `claims` is a JSON object that replaces claims of the ID token, to play a faulty one.
        """
        query = request.query_params
        redirect_uri = query.get("redirect_uri", "")
        is_known = query.get("client_id") == self._client_id and redirect_uri.startswith(("http://", "https://"))
        if not is_known or query.get("response_type") != "code" or query.get("code_challenge_method") != "S256":
            return refusal(400, "invalid_request")
        if "user" not in query:
            return HTMLResponse(self._show_people(dict(query)))
        user = next((each for each in self._users() if each["id"] == query["user"]), None)
        if user is None:
            return refusal(404, "Resource not found")
        code = next(self._secrets)
        issuer = str(request.base_url).rstrip("/") + PATH
        claims = self._claim(user, issuer, query) | json.loads(query.get("claims", "{}"))
        self._codes[code] = _Code(redirect_uri, query.get("code_challenge", ""), claims, self._clock())
        return RedirectResponse(f"{redirect_uri}?{urlencode({'code': code, 'state': query.get('state', '')})}", 303)

    async def exchange(self, request: Request) -> Response:
        """Answer `POST /google/token` with the ID token for a code. A code works once, and for a minute."""
        form = {name: str(value) for name, value in (await request.form()).items()}
        code = self._codes.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        is_client = form.get("client_id") == self._client_id and compare_digest(
            form.get("client_secret", "").encode(), self._client_secret.encode()
        )
        is_valid = code and code.redirect_uri == form.get("redirect_uri") and code.challenge == challenge
        if code is None or not is_client or not is_valid or self._clock() - code.made_at > CODE_SECONDS:
            return refusal(400, "invalid_grant")
        token = jwt.encode(code.claims, self._key, algorithm="RS256", headers={"kid": KEY_ID})
        return json_answer({"id_token": token, "token_type": "Bearer"})

    async def list_keys(self, _request: Request) -> Response:
        """Answer with the public key of the ID tokens."""
        key = RSAAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        return json_answer({"keys": [{**key, "kid": KEY_ID, "alg": "RS256", "use": "sig"}]})

    @cached_property
    def _key(self) -> rsa.RSAPrivateKey:
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def _users(self) -> list[Object]:
        users = (user for district in self._districts for user in district.resources["users"].values())
        return [user for user in users if user.get("email")]

    def _claim(self, user: Object, issuer: str, query: Mapping[str, str]) -> Object:
        now, nonce = int(self._clock()), query.get("nonce", "")
        is_fresh = query.get("prompt") == "login" or query.get("max_age") == "0"
        times = {"iat": now, "exp": now + 3600, "auth_time": now if is_fresh else now - SESSION_SECONDS}
        about = {"sub": f"google-{user['id']}", "email": user["email"], "email_verified": True}
        return {**about, **times, "iss": issuer, "aud": self._client_id, "nonce": nonce}

    def _show_people(self, query: dict[str, str]) -> str:
        """Return the page with the first person of each role who has an email."""
        users = self._users()
        shown = [next((each for each in users if role in each["roles"]), None) for role in DEMO_ROLES]
        people = "".join(
            f'<li><a href="{PATH}/authorize?{escape(urlencode({**query, "user": user["id"]}))}">'
            f"{escape(user['email'])}</a></li>"
            for user in shown
            if user
        )
        return f'<!doctype html><html lang="en"><title>Google sandbox</title><h1>Log in as</h1><ul>{people}</ul></html>'
