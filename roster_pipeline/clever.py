"""The credentials for Clever from the settings, and the look-up of a district in Clever's list of connections."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime

from sqlalchemy import Connection

from roster_pipeline.errors import ConnectionGone, DistrictNotShown, SettingRefused, SourceUnusable
from roster_pipeline.extract.client import CleverAccess, CleverClient, DistrictConnection
from roster_pipeline.extract.patience import Patience
from roster_pipeline.product.connections import describe_lost_connection, note_list, note_shown
from roster_pipeline.settings import Settings


def clever_access(settings: Settings) -> CleverAccess:
    """Return the hosts and credentials for the HTTP client.

    Raises:
        SettingRefused: the client id or secret is not set.
    """
    if not settings.clever_client_id:
        raise SettingRefused("ROSTER_CLEVER_CLIENT_ID is not set. Set it to the client id of your Clever app.")
    if not settings.clever_client_secret:
        raise SettingRefused("ROSTER_CLEVER_CLIENT_SECRET is not set. Set it to the secret of your Clever app.")
    return CleverAccess(
        api_url=str(settings.clever_api_url),
        auth_url=str(settings.clever_auth_url),
        api_version=settings.clever_api_version,
        client_id=settings.clever_client_id,
        client_secret=settings.clever_client_secret.get_secret_value(),
    )


def look_up_connection(
    clever: CleverClient, district_id: str, product: Callable[[], AbstractContextManager[Connection]], at: datetime
) -> DistrictConnection:
    """Find a connected district in Clever's list of connections, and record in the product whether it is there.

    Args:
        product: opens a transaction on the product database.
        at: the time of this look-up.

    Raises:
        ConnectionGone: Clever no longer shows the district.
        SourceUnusable: Clever did not give the list.
    """
    try:
        connection = clever.connection(district_id)
    except DistrictNotShown as error:
        with product() as pg:
            note_list(pg, error.shown, at)
        raise ConnectionGone(describe_lost_connection(district_id, error.shown)) from None
    with product() as pg:
        note_shown(pg, (district_id,))
    return connection


def read_last_upload(settings: Settings, district_id: str, *, patience: Patience | None = None) -> datetime | None:
    """Ask Clever when it last received the files of a district. Return None if Clever cannot be asked now."""
    try:
        with CleverClient(clever_access(settings), patience=patience) as clever:
            return clever.district(district_id).last_sync
    except (SourceUnusable, SettingRefused):
        return None
