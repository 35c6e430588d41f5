"""Drawn numbers of any game: balls of drums, digits of columns, each zone by its own name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from games import rule_files, words
from games.rules import RuleVersion

register = template.Library()


def _rules_of(context: template.Context, game: str, issue: str) -> RuleVersion:
    """The rules of a draw; what was loaded from files is asked for once a page and game."""
    known = context.dicts[0].setdefault("rules_from_files", {})
    if game not in known:
        known[game] = rule_files.of_real(game)
    return words.rules_of(game, issue, loaded=known[game])


@register.inclusion_tag("games/_drawn.html", takes_context=True)
def drawn(
    context: template.Context,
    numbers: Sequence[Sequence[int]],
    game: str,
    issue: str,
    size: int = 28,
) -> dict[str, Any]:
    """The drawn numbers of one draw; the text alternative names every zone."""
    zones = _rules_of(context, game, issue).zones
    shown: list[list[SafeString]] = []
    spoken, last = [], None
    for zone, of_zone in zip(zones, numbers, strict=False):
        texts = [words.number(zone, number) for number in of_zone]
        spoken.append(f"{zone.label} {' '.join(texts)}")
        is_column = zone.drawn == 1 and zone.first == 0
        look = (words.is_blue(zone), is_column)
        if look != last:
            shown.append([])
        last = look
        colour = " ball--blue" if words.is_blue(zone) else ""
        shown[-1] += [
            format_html('<span class="ball ball--{}{}">{}</span>', size, colour, text)
            for text in texts
        ]
    return {"zones": shown, "size": size, "spoken": ", ".join(spoken)}


@register.simple_tag(takes_context=True)
def drawn_text(
    context: template.Context, numbers: Sequence[Sequence[int]], game: str, issue: str
) -> str:
    """The drawn numbers in a line of text: 06 11 13 14 20 28 + 16, or 1 0 9."""
    return words.spelt(_rules_of(context, game, issue), numbers)
