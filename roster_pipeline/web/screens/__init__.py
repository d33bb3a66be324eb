"""The screens of the Clever page. Each module lists its routes in `ROUTES` and stands in `SCREENS`."""

from roster_pipeline.web.screens import (
    admins,
    audit,
    classes,
    home,
    login,
    overview,
    people,
    personal,
    schools,
    sharing,
    updates,
    why,
)

SCREENS = (
    login,
    personal,
    overview,
    updates,
    schools,
    people,
    classes,
    home,
    why,
    sharing,
    audit,
    admins,
)
"""The modules of the screens, in the order in which their routes are matched."""
