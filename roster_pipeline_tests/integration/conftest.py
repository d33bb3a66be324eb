"""The fixtures of a small connected district."""

from roster_pipeline_tests.support.district import *  # noqa: F403 - the fixtures
