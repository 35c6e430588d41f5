"""What the alarms of this room are called: each where it is raised."""

from .recon import outflows, proof  # noqa: F401 - they register their kinds
