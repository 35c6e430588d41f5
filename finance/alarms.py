"""What the alarms of this room are called: each where it is raised."""

from . import tax_returns  # noqa: F401 - it registers its kind
from .recon import outflows, proof  # noqa: F401 - they register their kinds
