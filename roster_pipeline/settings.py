"""Read the environment variables ROSTER_* into one frozen value. Nothing else in the package reads them."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, HttpUrl, Secret, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from roster_pipeline.errors import SettingRefused
from roster_pipeline.model.color import contrast
from roster_pipeline.paths import private_folder

LOOPBACK_HOSTS = ("127.0.0.1", "localhost")
SECRET_MIN_CHARS = 32
CANVAS = "#f5f7fa"
"""The color of the page behind its text."""
CONTRAST_MIN = 4.5


def _postgres_url(value: SecretStr) -> SecretStr:
    """Check that a URL has every part. A password with unencoded special characters is refused."""
    shape = "must be postgresql://user:password@host:port/database, with special characters percent-encoded"
    text = value.get_secret_value()
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise ValueError(shape) from None
    place = f"{url.host or url.query.get('host', '')}"
    if not text.startswith(("postgresql://", "postgres://")) or not place or not url.database:
        raise ValueError(shape)
    if "@" in f"{place}{url.database}" or "/" in url.database or not 0 < (url.port or 5432) < 65536:
        raise ValueError(shape)
    return value


def _usable_folder(value: Path) -> Path:
    folder = value.expanduser().resolve()
    if {"?", "\\"} & set(str(folder)):
        raise ValueError("its path has a ? or a backslash, with which DuckDB opens no file")
    try:
        private_folder(folder)
    except OSError as error:
        raise ValueError(f"the folder cannot be created ({error.strerror})") from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ValueError("the folder cannot be written to")
    return folder


def _page_url(value: HttpUrl) -> HttpUrl:
    """Check that people reach the page by https. Only this machine may do without."""
    if value.scheme != "https" and value.host not in LOOPBACK_HOSTS:
        raise ValueError("must be https://, except on 127.0.0.1")
    return value


def _long_secret(value: SecretStr) -> SecretStr:
    if len(value.get_secret_value()) < SECRET_MIN_CHARS:
        raise ValueError(f"must be a random text of at least {SECRET_MIN_CHARS} characters")
    return value


def _svg_file(value: Path) -> Path:
    if value.suffix != ".svg" or not value.is_file():
        raise ValueError("must be the path of an SVG file")
    return value


def _readable_accent(value: str) -> str:
    """Check that text in this color is readable on white, and white text on it (WCAG 2.2, 1.4.3)."""
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", value):
        raise ValueError("must be a color such as #1d5bbf")
    if contrast(value, CANVAS) < CONTRAST_MIN:
        raise ValueError(f"its contrast with the page is below {CONTRAST_MIN}:1; choose a darker color")
    return value


PostgresUrl = Annotated[SecretStr, AfterValidator(_postgres_url)]


class Settings(BaseSettings):
    """The settings of an operator. Without a database URL, the embedded server under `home` is used."""

    model_config = SettingsConfigDict(env_prefix="ROSTER_", frozen=True, env_ignore_empty=True)

    home: Annotated[Path, AfterValidator(_usable_folder)] = Field(default=Path(".roster"), validate_default=True)
    database_url: PostgresUrl | None = None
    dagster_database_url: PostgresUrl | None = None
    clever_api_url: HttpUrl = HttpUrl("https://api.clever.com")
    clever_auth_url: HttpUrl = HttpUrl("https://clever.com")
    clever_client_id: str | None = None
    clever_client_secret: SecretStr | None = None
    clever_api_version: Literal["v3.1", "v3.0"] = Field(default="v3.1")
    alert_webhook_url: Secret[HttpUrl] | None = None
    web_url: Annotated[HttpUrl, AfterValidator(_page_url)] = HttpUrl("http://127.0.0.1:3001")
    web_secret: Annotated[SecretStr, AfterValidator(_long_secret)] | None = None
    web_port: int = Field(default=3001, ge=1, le=65535)
    web_database_url: PostgresUrl | None = None
    web_google_client_id: str | None = None
    web_google_client_secret: SecretStr | None = None
    web_google_url: HttpUrl = HttpUrl("https://accounts.google.com")
    web_product_name: str = Field(default="Classroom", min_length=1, max_length=60)
    web_logo: Annotated[Path, AfterValidator(_svg_file)] | None = None
    web_accent: Annotated[str, AfterValidator(_readable_accent)] | None = None
    pseudonym_key: Annotated[SecretStr, AfterValidator(_long_secret)] | None = None
    pseudonym_key_old: SecretStr | None = None

    @property
    def dagster_home(self) -> Path:
        """Return the Dagster home."""
        return self.home.resolve() / "dagster"

    @property
    def districts_folder(self) -> Path:
        """Return the folder of the district files, one DuckDB file for each district."""
        return self.home.resolve() / "districts"

    @property
    def landing_folder(self) -> Path:
        """Return the folder of the landing files. It is empty between syncs."""
        return self.home.resolve() / "landing"

    @property
    def snapshots_folder(self) -> Path:
        """Return the folder of the analysts' database."""
        return self.home.resolve() / "snapshots"

    @property
    def keys_folder(self) -> Path:
        """Return the folder of the keys with which person ids are made."""
        return self.home.resolve() / "keys"

    @property
    def receipts_folder(self) -> Path:
        """Return the folder of the receipts of erasures."""
        return self.home.resolve() / "receipts"

    @property
    def retention_file(self) -> Path:
        """Return the file of the retention periods that differ from the defaults."""
        return self.home.resolve() / "retention.toml"

    @property
    def postgres_folder(self) -> Path:
        """Return the data folder of the embedded server."""
        return self.home.resolve() / "postgres"


def read_settings() -> Settings:
    """Return the settings of this process.

    Raises:
        SettingRefused: a variable is malformed. The message names it and says what it must be.
    """
    try:
        return Settings()
    except ValidationError as error:
        raise SettingRefused(_first_complaint(error)) from None


def _first_complaint(error: ValidationError) -> str:
    """Return one line about the first malformed variable. It never repeats the value, which may be a secret."""
    complaint = error.errors(include_url=False, include_input=False)[0]
    variable = "ROSTER_" + str(complaint["loc"][0]).upper()
    wrong = complaint["msg"].removeprefix("Value error, ")
    return f"{variable} is malformed: {wrong}. Correct it in the environment and run again."
