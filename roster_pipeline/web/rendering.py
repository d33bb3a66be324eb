"""Render templates: Jinja2 with autoescape, and static files under the hash of their content."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import jinja2
from markupsafe import Markup, escape

from roster_pipeline.settings import Settings

FOLDER = files("roster_pipeline.web")
SEPARATOR = "\0"
DEFAULT_ACCENT = "#1d5bbf"
MEDIA_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


@dataclass(frozen=True)
class StaticFile:
    """A file that never changes under its address."""

    path: str
    content: bytes
    media_type: str


class Renderer:
    """The templates and the static files of one installation of the page."""

    def __init__(self, settings: Settings) -> None:
        self.static_files = {file.path: file for file in _read_static_files(settings)}
        self._paths = {path.rpartition("/")[2]: path for path in self.static_files}
        self._environment = jinja2.Environment(
            loader=jinja2.PackageLoader("roster_pipeline.web"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._environment.globals |= {
            "static": self._paths.__getitem__,
            "product_name": settings.web_product_name,
            "has_logo": settings.web_logo is not None,
            "has_google": settings.web_google_client_id is not None,
        }
        self._environment.filters |= {"names": join_names, "options": join_options}

    def render(self, template: str, values: Mapping[str, Any]) -> str:
        """Return the text of a template. A value that the template names and nobody gives is an error."""
        return self._environment.get_template(template).render(values)


def join_names(names: Sequence[str], missing: str = "") -> Markup:
    """Return names one after the other. Each has its own text direction.

    All names are escaped at once, because a list has hundreds of them. PostgreSQL stores no NUL, so no name holds one.

    Args:
        missing: what stands in place of an empty name.
    """
    if not names:
        return Markup()
    escaped = str(escape(SEPARATOR.join([name or missing for name in names])))
    return Markup(f"<bdi>{escaped.replace(SEPARATOR, '</bdi>, <bdi>')}</bdi>")  # noqa: S704 - the names are escaped


def join_options(rows: Sequence[tuple[int, str]], chosen: int | None) -> Markup:
    """Return the options of a select element from pairs of an id and a name. All names are escaped at once."""
    names = str(escape(SEPARATOR.join([name for _, name in rows]))).split(SEPARATOR)
    options = [
        f'<option value="{identifier:d}"{" selected" if identifier == chosen else ""}>{name}</option>'
        for (identifier, _), name in zip(rows, names, strict=False)
    ]
    return Markup("".join(options))  # noqa: S704 - the names are escaped


def _read_static_files(settings: Settings) -> list[StaticFile]:
    """Return the files of the folder `static`, with the operator's accent and logo in place."""
    contents = {file.name: file.read_bytes() for file in (FOLDER / "static").iterdir() if file.name != "LICENSES"}
    if settings.web_accent:
        css = contents["page.css"].decode()
        contents["page.css"] = css.replace(DEFAULT_ACCENT, settings.web_accent).encode()
    if settings.web_logo:
        contents["logo.svg"] = settings.web_logo.read_bytes()
    return [
        StaticFile(
            f"/static/{hashlib.sha256(content).hexdigest()[:16]}/{name}", content, MEDIA_TYPES[name[name.rindex(".") :]]
        )
        for name, content in contents.items()
        if "." in name
    ]
