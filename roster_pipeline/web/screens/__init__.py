"""The screens of the Clever page. Each module lists its routes in `ROUTES` and stands in `SCREENS`."""

from roster_pipeline.web.screens import (
    admins,
    audit,
    classes,
    decisions,
    fix,
    holds,
    home,
    joined,
    login,
    native_classes,
    overview,
    people,
    personal,
    reviews,
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
    decisions,
    fix,
    holds,
    reviews,
    schools,
    people,
    classes,
    native_classes,
    home,
    joined,
    why,
    sharing,
    audit,
    admins,
)
"""The modules of the screens, in the order in which their routes are matched."""
