"""The room as Django knows it."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class GamesConfig(AppConfig):
    """The room `games`."""

    name = "games"
    verbose_name = _("Games")

    def ready(self) -> None:
        """Find what higher rooms say about draws, and rule versions that came as files."""
        from . import (  # noqa: PLC0415 - models are there only now
            announced_facts,  # noqa: F401 - what it says is found by its being there
            rule_sheets,
            rules,
        )
        from .monitors import catalogue  # noqa: F401, PLC0415 - the same

        rules.find_further(rule_sheets.loaded)

        autodiscover_modules("desk_facts", "seal_facts", "claim_facts", "winner_facts", "monitors")
