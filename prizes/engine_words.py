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
    gettext_noop("has a selection without one part a place: “%(text)s”"),
    gettext_noop("has a selection with the wrong places filled: “%(text)s”"),
    gettext_noop("has a selection with other numbers from place to place: “%(text)s”"),
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
    gettext_noop("%(what)s has the special rule on; the rule sheet has none"),
    gettext_noop("%(what)s has numbers of %(given)s zones, not of %(wanted)s"),
    gettext_noop("%(what)s: the numbers of a zone are not a list"),
    gettext_noop("%(what)s: %(count)s different numbers from %(first)s to %(last)s are not there"),
    gettext_noop("%(what)s: %(number)s came twice out of one drum"),
    # What is drawn and what is chosen.
    gettext_noop("%(what)s: the name %(code)s stands twice"),
    gettext_noop("%(what)s: “%(name)s” has “%(value)s” twice, or it is not in the sheet"),
    gettext_noop("%(what)s: “drum” is no zone before it"),
    gettext_noop("%(what)s: there is nothing of which it could be worked out"),
    gettext_noop("%(what)s: its places do not take one number each"),
    gettext_noop("%(what)s: it leaves places empty, and has a pattern of all"),
    gettext_noop("%(what)s: “%(code)s” stands twice or does not fit its places"),
    gettext_noop("%(what)s: a ticket of %(most)s fen has more than %(lines)s lines"),
    # Tiers and money.
    gettext_noop("the rule sheet has two tiers for the same hits in this draw"),
    gettext_noop("%(what)s has two tiers for the same hits"),
    gettext_noop("%(what)s has more than %(most)s ways to win"),
    gettext_noop("%(what)s has a tier twice"),
    gettext_noop("%(what)s: hits are not one number a measure"),
    gettext_noop("%(what)s: “numbers” are not different whole numbers"),
    gettext_noop("%(what)s has no fixed amount, and one"),
    gettext_noop("%(what)s has two amounts for one pool"),
    gettext_noop("%(what)s: tier %(number)s is on top of none that it goes with"),
    gettext_noop("%(what)s: tier %(number)s is not paid from one pool"),
    gettext_noop("%(what)s: tier %(number)s shares money that is not divided"),
    gettext_noop("%(what)s has a tier for a special rule that it does not have"),
    gettext_noop("%(what)s: a play is of no pool or of several, or a pool stands twice"),
    gettext_noop("%(what)s does not give away the whole"),
    gettext_noop("%(what)s: there is not in every draw a tier that shares this money"),
    gettext_noop("%(what)s: there are no floating prizes to be raised"),
    gettext_noop("%(what)s: “line_cap_fen” is not a multiple of “unit_fen”"),
    gettext_noop(
        "%(what)s: the parts do not share the whole among all floating tiers, or not one takes the"
        " pool"
    ),
    gettext_noop("%(what)s does not say for every pool how the money is split"),
    gettext_noop("%(what)s caps a tier twice"),
    gettext_noop("the announcement has other numbers than the result"),
    gettext_noop("%(what)s: tier %(number)s is no floating tier"),
):
    sentence(_english)
