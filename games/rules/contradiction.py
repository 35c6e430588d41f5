"""Values of a rule that cannot stand together: a code for machines, a sentence for people.

A rule in the code that contradicts itself is a mistake of a programmer and stops the start; one in
a file is the mistake of whoever wrote it, who reads the sentence at the desk of the rules.
"""

from __future__ import annotations

from django.utils.translation import gettext

from games.rules.named import gettext_noop

SENTENCES = {
    "beyond_words": gettext_noop("%(code)s does not lie in %(words)s words"),
    "beyond_word": gettext_noop("%(code)s reaches beyond its word"),
    "measure_place_missing": gettext_noop(
        "a measure of %(code)s looks at a place that is not there"
    ),
    "places_take_one": gettext_noop("the places of %(code)s must take one number each"),
    "raised_not_fixed": gettext_noop("tier %(number)s: only a fixed amount can be raised"),
    "on_top_has_amount": gettext_noop(
        "tier %(number)s is on top of another and has no amount of its own"
    ),
    "allocation_not_whole": gettext_noop(
        "an allocation must give away exactly the whole: %(whole)s ten-thousandths, not %(given)s"
    ),
    "split_not_whole": gettext_noop(
        "the parts of a split must share out exactly the whole: %(whole)s ten-thousandths, not"
        " %(given)s"
    ),
    "split_pool_taken": gettext_noop(
        "exactly one part of a split takes the pool, not %(given)s of them"
    ),
    "same_code": gettext_noop("two plays, zones or facts have the same code"),
    "fact_missing": gettext_noop("%(code)s is judged by a fact that is not there"),
    "play_missing": gettext_noop("%(code)s is a bet on a play that is not there"),
    "ranges_not_places": gettext_noop("%(code)s is a bet type and has one range per place"),
    "same_bet_code": gettext_noop("two bet types have the same code"),
    "tiers_not_numbered": gettext_noop("tiers are numbered from 1, best first"),
    "match_not_measures": gettext_noop("a match names the hits of every measure of %(code)s"),
    "match_twice": gettext_noop("a match of %(code)s belongs to one tier only"),
    "special_missing": gettext_noop("a special tier needs a special rule"),
    "on_top_of_nothing": gettext_noop("tier %(number)s is on top of a tier that is not there"),
    "on_top_other_hits": gettext_noop(
        "tier %(number)s: a tier on top of another is won by the same hits"
    ),
    "pool_play_missing": gettext_noop("a pool is kept for a play that is not there"),
    "floating_money_missing": gettext_noop("a floating prize needs floating money"),
    "split_not_floating": gettext_noop("every split feeds all floating tiers and no other"),
    "minimum_above_cap": gettext_noop(
        "a prize raised to the minimum must not pass the cap of its parts"
    ),
}


class Contradiction(ValueError):
    """What contradicts itself, by its `code`; in English for programmers, `sentence` for others."""

    def __init__(self, code: str, /, **figures: str | int) -> None:
        self.code, self.figures = code, figures
        super().__init__(SENTENCES[code] % figures)

    @property
    def sentence(self) -> str:
        """The same in the language of the reader."""
        return gettext(SENTENCES[self.code]) % self.figures
