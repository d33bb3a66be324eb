"""The screens of the Clever page. Each module lists its routes in `ROUTES` and stands in `SCREENS`."""

from roster_pipeline.web.screens import login

SCREENS = (login,)
"""The modules of the screens, in the order in which their routes are matched."""
