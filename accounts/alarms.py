"""What the alarms of this room are called: each where it is raised."""

from . import first_posts  # noqa: F401 - it registers its kind
