"""The settings of production, with one address more: the bare view all else is compared to."""

from lottery_portal.settings import *  # noqa: F403 - the portal's, and what differs

ROOT_URLCONF = "benchmarks.urls"
