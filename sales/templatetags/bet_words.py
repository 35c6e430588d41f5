"""What bets and their places are called, for scripts that read the line of any ticket."""

from __future__ import annotations

from django import template
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from games import rule_files
from games.rules import RuleVersion
from games.rules.shape import BetType

register = template.Library()


@register.simple_tag
def bet_words() -> SafeString:
    """A paragraph for every bet type of every game: its name, the names of its places beside it."""
    known: dict[str, tuple[RuleVersion, BetType]] = {
        f"{version.game}-{bet_type.code}": (version, bet_type)
        for version in rule_files.all_versions()
        for bet_type in version.bet_types
    }
    return format_html_join(
        "\n  ",
        '<p data-word="bet-{}" data-places="{}">{}</p>',
        (
            (
                mark,
                "|".join(str(place.label) for place in version.play(bet_type.play).places),
                bet_type.label,
            )
            for mark, (version, bet_type) in known.items()
        ),
    )
