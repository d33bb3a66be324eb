"""Who we are to Clever, from the settings."""

from __future__ import annotations

from roster_pipeline.errors import SettingRefused
from roster_pipeline.extract.client import CleverAccess
from roster_pipeline.settings import Settings


def clever_access(settings: Settings) -> CleverAccess:
    """Hosts and credentials for the extract client.

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
