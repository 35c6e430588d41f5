"""What bets and their places are called and how they look, for scripts that read any ticket."""

from __future__ import annotations

import json

from django import template
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from games import faces, rule_files
from games.rules import RuleVersion
from games.rules.shape import BetType

register = template.Library()


@register.simple_tag
def bet_words() -> SafeString:
    """A paragraph for every bet type of every game: its name, and beside it how its places look."""
    known: dict[str, tuple[RuleVersion, BetType]] = {
        f"{version.game}-{bet_type.code}": (version, bet_type)
        for version in rule_files.all_versions()
        for bet_type in version.bet_types
    }
    return format_html_join(
        "\n  ",
        '<p data-word="bet-{}" data-places="{}">{}</p>',
        (
            (mark, _places(version, bet_type), bet_type.label)
            for mark, (version, bet_type) in known.items()
        ),
    )


def _places(version: RuleVersion, bet_type: BetType) -> str:
    """The faces of the places of a bet, as JSON."""
    return json.dumps(
        [
            {
                "name": str(face.name),
                "isBlue": face.is_blue,
                "isDigit": face.is_digit,
                "showsName": face.shows_name,
                "words": {str(number): str(word) for number, word in face.words.items()},
            }
            for face in faces.of_play(version, version.play(bet_type.play))
        ],
        ensure_ascii=False,
        separators=(",", ":"),
    )
