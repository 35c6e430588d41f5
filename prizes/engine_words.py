"""Why engine two has no result, for readers of every language.

It is a program of its own that answers in English with one line, kept as it came
(`lottery_portal.lib.sentences`). `tests/prizes/test_engine_words.py` reads its source, so that none
of its reasons is missing here.
"""

from __future__ import annotations

from django.utils.translation import gettext_noop

from lottery_portal.lib.sentences import sentence

for _english in (
    # What engine one has to say of engine two.
    gettext_noop("it ended with %(status)s"),
    gettext_noop("it took longer than %(time)s"),
    gettext_noop("it could not be read to the end (%(error)s)"),
    # The sealed file and its lines.
    gettext_noop("the sealed file, line %(line)s: %(reason)s"),
    gettext_noop("the sealed file is of draw %(sealed)s, the input of draw %(given)s"),
    gettext_noop("the rule sheet is not the one the sealed file names"),
    gettext_noop("is not the header of a sealed file, version 1"),
    gettext_noop("is not ended, or far too long"),
    gettext_noop("ticket %(ticket)s stands in line %(line)s already"),
    gettext_noop("is not a ticket in its one spelling"),
    gettext_noop("is a ticket of draw %(draw)s"),
    gettext_noop("says %(price)s fen, its selections cost %(cost)s"),
    gettext_noop("costs %(price)s fen, more than a ticket may"),
    gettext_noop("has a selection not in its one spelling: “%(text)s”"),
    gettext_noop("has a bet type the rule sheet does not know: “%(text)s”"),
    gettext_noop("has a multiplier that is not allowed: “%(text)s”"),
    gettext_noop("has a selection of %(lines)s lines: “%(text)s”"),
    gettext_noop("has a selection without one part a zone: “%(text)s”"),
    gettext_noop("has a number twice or out of range: “%(text)s”"),
    gettext_noop("has too many or too few numbers for its bet: “%(text)s”"),
    # The rule sheet and the input.
    gettext_noop("%(what)s is not a file"),
    gettext_noop("%(what)s is larger than %(most)s bytes"),
    gettext_noop("%(what)s is not UTF-8"),
    gettext_noop("%(what)s is not JSON"),
    gettext_noop("%(what)s is nested too deep"),
    gettext_noop("%(what)s is not a JSON object"),
    gettext_noop("%(what)s has a key twice"),
    gettext_noop("%(what)s has a number that is not whole"),
    gettext_noop(
        "%(what)s is not canonical JSON (keys sorted, no spaces, each fact in one spelling)"
    ),
    gettext_noop("%(what)s has no “%(name)s”"),
    gettext_noop("%(what)s has “%(name)s”, which does not belong there"),
    gettext_noop("%(what)s has format “%(found)s”, not “%(wanted)s”"),
    gettext_noop("%(what)s: “%(name)s” is not %(wanted)s"),
    gettext_noop("%(what)s: “%(name)s” is not a code"),
    gettext_noop("%(what)s: “%(name)s” is “%(value)s”, which this program does not know"),
    gettext_noop("%(what)s has %(count)s zones"),
    gettext_noop("%(what)s sends a deficit or the rounding somewhere else than to the fund"),
    gettext_noop("%(what)s has the special rule on; the rule sheet has none"),
    gettext_noop("%(what)s has numbers of %(given)s zones, not of %(wanted)s"),
    gettext_noop("%(what)s: the numbers of a zone are not a list"),
    gettext_noop("%(what)s: %(count)s different numbers from 1 to %(size)s are not there"),
    gettext_noop("%(what)s: bet type “%(code)s” stands twice or does not fit the zones"),
    gettext_noop("%(what)s has no tiers, or one twice"),
    gettext_noop("%(what)s has two tiers for the same hits"),
    gettext_noop("%(what)s: hits are not one number a zone"),
    gettext_noop("%(what)s: the parts do not share the whole, or not one takes the pool"),
    gettext_noop("%(what)s does not say for every pool how the money is split"),
    gettext_noop("%(what)s caps a tier twice"),
    gettext_noop("%(what)s: tier %(number)s is no floating tier"),
):
    sentence(_english)
