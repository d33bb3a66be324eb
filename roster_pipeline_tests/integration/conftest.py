"""The fixtures of a small connected district."""

from roster_pipeline_tests.support.district import *  # noqa: F403 - the fixtures
from roster_pipeline_tests.support.shared_syncs import shared_outcomes, shared_syncs  # noqa: F401 - fixtures
