"""The screens of the Clever page. Each module lists its routes in `ROUTES` and stands in `SCREENS`."""

from roster_pipeline.web.screens import admins, audit, home, login, overview, personal, sharing, updates, why

SCREENS = (login, personal, overview, updates, home, why, sharing, audit, admins)
"""The modules of the screens, in the order in which their routes are matched."""
