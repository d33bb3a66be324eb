"""HTTP client for Clever: per-district tokens, retries, rate limiting."""

from __future__ import annotations

import codecs
import logging
import random as chance
import time
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, Self

import httpx
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt

from roster_pipeline.errors import DistrictNotShown, SourceBroken, SourceUnreachable
from roster_pipeline.extract.bearer import Bearer
from roster_pipeline.extract.body import ANSWER_MAX_BYTES, read_body
from roster_pipeline.extract.envelope import DistrictAnswer, TokenPage, broken, read_answer
from roster_pipeline.extract.lenient_decode import decode_repaired
from roster_pipeline.extract.pagination import follow_pages
from roster_pipeline.extract.patience import FOR_SYNCS, Patience, open_http
from roster_pipeline.extract.rate_limit import RateWindow
from roster_pipeline.extract.retry import TransientError, check_status, make_wait
from roster_pipeline.model.feed import District

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from tenacity import RetryCallState

    from roster_pipeline.extract.envelope import TokenEntry

log = logging.getLogger(__name__)
MAX_SHOWN_IDS = 20
"""The most district ids that an error message lists."""
CONNECTIONS = "Clever's list of connections"


@dataclass(frozen=True)
class CleverAccess:
    """The addresses of Clever and the credentials of the application.

    Attributes:
        api_url: the host of the lists, without the version.
        auth_url: the host of `/oauth/tokens`.
        api_version: `v3.1` or `v3.0`.
        client_secret: the secret of the application. It does not appear in the repr.
    """

    api_url: str
    auth_url: str
    api_version: str
    client_id: str
    client_secret: str = field(repr=False)

    @property
    def lists(self) -> httpx.URL:
        """Return the base address of all lists."""
        return httpx.URL(f"{self.api_url.rstrip('/')}/{self.api_version}/")

    @property
    def tokens(self) -> httpx.URL:
        """Return the address of the list of connections."""
        return httpx.URL(f"{self.auth_url.rstrip('/')}/oauth/tokens", params={"owner_type": "district"})


class _Tokens(NamedTuple):
    """The decoded list of connections. Its repr hides the tokens.

    Attributes:
        by_district: the newest token of each district.
        undecodable: the number of entries that could not be decoded, so that their district is unknown.
    """

    by_district: dict[str, str]
    undecodable: int

    def __repr__(self) -> str:
        return f"_Tokens({len(self.by_district)})"


@dataclass(frozen=True)
class DistrictConnection:
    """The access to one district with the token that Clever gave for it in this run."""

    client: CleverClient
    district_id: str
    token: str = field(repr=False)

    def get(self, url: httpx.URL) -> bytes:
        """Request an address and return the body of the answer.

        Raises:
            SourceUnreachable: every try ended with a passing fault.
            SourceRefused: Clever refused the request.
            SourceBroken: the status is one that no list has, or the answer exceeds the bounds of `body.py`.
        """
        return self.client.request(url, Bearer(self.token), f"District {self.district_id}")

    def elapsed(self) -> float:
        """Return the seconds of a monotonic clock."""
        return self.client.elapsed()

    def district(self) -> District:
        """Read how Clever describes the district now.

        Raises:
            SourceUnusable: the request failed, as in `get`.
            SourceBroken: the answer is about another district.
        """
        body = self.get(self.client.access.lists.join(f"districts/{self.district_id}"))
        label = f"District {self.district_id}"
        answer = decode_repaired(body, DistrictAnswer, label).data
        if answer.id != self.district_id:
            raise SourceBroken(
                f"{label}: Clever answered with another district. Nothing was read. Check the Clever address."
            )
        return answer.as_district()


@dataclass(frozen=True)
class _Connections:
    """The access to the list of connections with the credentials of the application."""

    client: CleverClient

    def get(self, url: httpx.URL) -> bytes:
        """Request an address and return the body of the answer, as `DistrictConnection.get`."""
        access = self.client.access
        return self.client.request(url, httpx.BasicAuth(access.client_id, access.client_secret), None)

    def elapsed(self) -> float:
        """Return the seconds of a monotonic clock."""
        return self.client.elapsed()


class CleverClient:
    """Send requests to Clever. The client is a context manager and is safe to use from several threads.

    Args:
        access: the addresses and the credentials.
        patience: the bounds of a request, if they are not those of a sync.
        transport: replaces the network in tests.
        sleep: make_wait for a number of seconds.
        clock: returns the Unix time in seconds.
        random: returns a number from 0 to 1, below 1, for jitter.
        elapsed: a monotonic clock in seconds, which bounds answers, lists and the rate.

    Attributes:
        is_list_whole: whether every entry of the last list of connections could be decoded. If not, a district that
            is absent from the list may still be connected.
    """

    def __init__(
        self,
        access: CleverAccess,
        *,
        patience: Patience | None = None,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.time,
        random: Callable[[], float] = chance.random,
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        self.access, self.elapsed, self._patience = access, elapsed, patience or FOR_SYNCS
        self._http = open_http(self._patience, transport)
        self._sleep, self._clock, self._random = sleep, clock, random
        self._windows: dict[str, RateWindow] = {}
        self._has_logged_retry = False
        self._connections: dict[str, DistrictConnection] = {}
        self.is_list_whole = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def shared_districts(self) -> tuple[str, ...]:
        """Return the ids of the districts that Clever shows, in ascending order. Raise as `connections` does."""
        return tuple(self.connections())

    def connections(self) -> dict[str, DistrictConnection]:
        """Return a connection for each district that Clever shows, by id in ascending order.

        Raises:
            SourceUnusable: the list of connections could not be read.
        """
        tokens, undecodable = self._tokens(self.access.tokens)
        self.is_list_whole = not undecodable
        return {key: DistrictConnection(self, key, tokens[key]) for key in sorted(tokens)}

    def connection(self, district_id: str) -> DistrictConnection:
        """Return the connection of a district. The client looks up its token once, so no client outlives a run.

        Raises:
            DistrictNotShown: Clever does not show the district. The message lists the districts that it shows.
            SourceUnusable: the list of connections could not be read.
        """
        if district_id not in self._connections:
            self._connections[district_id] = self._look_up(district_id)
        return self._connections[district_id]

    def _look_up(self, district_id: str) -> DistrictConnection:
        own = self._tokens(self.access.tokens.copy_set_param("district", district_id))
        tokens = own if district_id in own.by_district else self._tokens(self.access.tokens)
        if district_id in tokens.by_district:
            return DistrictConnection(self, district_id, tokens.by_district[district_id])
        if own.undecodable or tokens.undecodable:  # an entry may be that of this district
            raise broken(f"District {district_id}, {CONNECTIONS}")
        shown = tuple(sorted(tokens.by_district))
        raise DistrictNotShown(_not_shown(district_id, shown), shown)

    def district(self, district_id: str) -> District:
        """Read how Clever describes a district now. Raise errors as `connection` and `DistrictConnection.get` do."""
        return self.connection(district_id).district()

    def _tokens(self, url: httpx.URL) -> _Tokens:
        """Read the newest token of each district. The list may have pages (docs/clever-api.md#tokens)."""
        entries: list[TokenEntry] = []
        undecodable = 0
        for page in follow_pages(
            _Connections(self),
            url,
            lambda body: read_answer(body, TokenPage, CONNECTIONS),
            CONNECTIONS,
            ANSWER_MAX_BYTES,
        ):
            decoded = list(page.entries())
            entries += (entry for entry in decoded if entry)
            undecodable += decoded.count(None)
        entries.sort(key=lambda entry: entry.created or "")
        districts = (entry for entry in entries if entry.owner.type == "district")
        return _Tokens({entry.owner.id: entry.access_token for entry in districts if entry.access_token}, undecodable)

    def request(self, url: httpx.URL, auth: httpx.Auth, owner: str | None) -> bytes:
        """Request an address with retries and within the rate of the token. Raise as `DistrictConnection.get` does.

        Args:
            owner: who the token belongs to, for messages. None for the application itself.
        """
        label = f"{owner}, {url.path}" if owner else CONNECTIONS
        window = self._windows.setdefault(owner or "", RateWindow(self._sleep, self.elapsed))
        retrying = Retrying(
            stop=stop_after_attempt(self._patience.tries),
            wait=make_wait(self._clock, self._random),
            retry=retry_if_exception_type(TransientError),
            before_sleep=partial(self._log_first_retry, label),
            sleep=self._sleep,
            reraise=True,
        )
        try:
            return retrying(self._send, url, auth, window, label)
        except TransientError as fault:
            raise SourceUnreachable(
                f"{label}: Clever did not respond after {self._patience.tries} tries (last: {fault}). Nothing was "
                "changed. Check status.clever.com, then run again."
            ) from None

    def _log_first_retry(self, label: str, state: RetryCallState) -> None:
        """Log the first retry of this client. Half a minute of silent retries would look like a standstill."""
        if not self._has_logged_retry:
            self._has_logged_retry = True
            fault = state.outcome.exception() if state.outcome else None
            log.warning(
                "%s: no usable answer yet (%s). The request is repeated up to %s times.",
                label,
                fault,
                self._patience.tries,
            )

    def _send(self, url: httpx.URL, auth: httpx.Auth, window: RateWindow, label: str) -> bytes:
        window.take()
        try:
            with self._http.stream("GET", url, auth=auth) as answer:
                check_status(answer, label)
                return read_body(answer, label, self.elapsed, self._patience.answer_seconds).removeprefix(
                    codecs.BOM_UTF8
                )
        except httpx.TransportError as fault:
            # The message has only the name of the fault, because its text may repeat the request.
            raise TransientError(type(fault).__name__) from None


def _not_shown(district_id: str, shown: tuple[str, ...]) -> str:
    listed = ", ".join(shown[:MAX_SHOWN_IDS]) + (", …" if len(shown) > MAX_SHOWN_IDS else "")
    return (
        f"District {district_id} is not among the {len(shown)} districts that this Clever connection shows"
        f"{': ' + listed if shown else ''}."
    )
