"""The screens of the Clever page. Each module lists its routes in `ROUTES` and stands in `SCREENS`."""

from roster_pipeline.web.screens import home, login, overview, personal, updates, why

SCREENS = (login, personal, overview, updates, home, why)
"""The modules of the screens, in the order in which their routes are matched."""
