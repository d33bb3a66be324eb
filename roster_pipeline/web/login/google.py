"""The client of *Log in with Google*, for people who have an account here already. It uses OpenID Connect with PKCE."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from urllib.parse import urlencode

import httpx
import jwt
import msgspec

from roster_pipeline.settings import Settings
from roster_pipeline.web.login.clever import SECONDS, LoginUnanswered, decode_answer

FRESH = {"prompt": "login", "max_age": "0", "claims": '{"id_token":{"auth_time":{"essential":true}}}'}
"""What asks for a new login (OpenID Connect Core, 3.1.2.1). A browser could drop it, so `auth_time` is checked too."""


class Discovery(msgspec.Struct):
    """The addresses of the identity provider."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str


class IdToken(msgspec.Struct):
    """The answer to the exchange of a code."""

    id_token: str


@dataclass(frozen=True)
class GoogleIdentity:
    """Who the person is to Google. The email is verified by Google.

    Attributes:
        authenticated_at: when the person logged in to Google, in Unix seconds. None: Google did not say it.
    """

    subject: str
    email: str
    domain: str | None
    authenticated_at: int | None


class GoogleLogin:
    """The client of one program of the page."""

    def __init__(self, settings: Settings) -> None:
        self._url = str(settings.web_google_url).rstrip("/")
        self._client_id = settings.web_google_client_id or ""
        secret = settings.web_google_client_secret
        self._secret = secret.get_secret_value() if secret else ""
        self._http = httpx.Client(timeout=SECONDS)

    def authorize_url(self, redirect_uri: str, state: str, nonce: str, verifier: str, *, is_fresh: bool = False) -> str:
        """Return the address at Google to which a login goes.

        Args:
            is_fresh: Google asks the person to log in, also if a session there is open, and says when it did.
        """
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        query = {
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": redirect_uri,
            "scope": "openid email",
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            **(FRESH if is_fresh else {}),
        }
        return f"{self._discover().authorization_endpoint}?{urlencode(query)}"

    def identify(self, code: str, redirect_uri: str, nonce: str, verifier: str) -> GoogleIdentity:
        """Exchange a code, check the ID token, and return who the person is.

        Raises:
            LoginUnanswered: Google gave no usable answer, or the token is not for this login.
        """
        places = self._discover()
        body = {
            "code": code,
            "client_id": self._client_id,
            "client_secret": self._secret,
            "redirect_uri": redirect_uri,
            "grant_type": "authorization_code",
            "code_verifier": verifier,
        }
        try:
            answer = self._http.post(places.token_endpoint, data=body)
            token = decode_answer(answer.status_code, answer.content, IdToken).id_token
            keys = jwt.PyJWKSet.from_dict(self._http.get(places.jwks_uri).json())
            key = keys[jwt.get_unverified_header(token)["kid"]]
            claims = jwt.decode(
                token,
                key,
                algorithms=["RS256"],
                audience=self._client_id,
                issuer=places.issuer,
                options={"require": ["exp", "iat", "sub", "nonce"]},
            )
        except (httpx.HTTPError, jwt.PyJWTError, KeyError, ValueError) as error:
            raise LoginUnanswered(f"Google gave no usable answer to a login ({type(error).__name__}).") from None
        if claims["nonce"] != nonce or claims.get("email_verified") is not True or not claims.get("email"):
            raise LoginUnanswered("The ID token of a login is not for it, or its email is not verified.")
        at = claims.get("auth_time")
        identity = GoogleIdentity(
            str(claims["sub"]), str(claims["email"]).strip(), claims.get("hd"), at if isinstance(at, int) else None
        )
        if not identity.subject.isprintable():
            raise LoginUnanswered("The ID token of a login has a subject that is not printable.")
        return identity

    def _discover(self) -> Discovery:
        try:
            answer = self._http.get(f"{self._url}/.well-known/openid-configuration")
            return decode_answer(answer.status_code, answer.content, Discovery)
        except httpx.HTTPError as error:
            raise LoginUnanswered(f"Google did not answer a login ({type(error).__name__}).") from None
