"""Readings in words, for pages."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from games import rules
from games.monitor_models import MonitorReading

TONES: Mapping[str, str] = {
    MonitorReading.Outcome.CLEAR: "done",
    MonitorReading.Outcome.NOTICE: "attention",
    MonitorReading.Outcome.ALARM: "wrong",
}
_WHAT: Mapping[str, Promise] = {
    "all": gettext_lazy("whole result"),
    "day_of_the_year": gettext_lazy("same day of the year"),
    "days_of_the_year": gettext_lazy("all days of the year"),
    "day_of_the_week": gettext_lazy("same day of the week"),
    "never": gettext_lazy("no repeated ball"),
    "seldom": gettext_lazy("too seldom"),
    "often": gettext_lazy("too often"),
    "chi_square": gettext_lazy("balance of the drum"),
    "stays": gettext_lazy("stays high or low"),
    "alternates": gettext_lazy("alternates"),
    "digits": gettext_lazy("all digits different"),
    "test_draws": gettext_lazy("test draws"),
    "rising": gettext_lazy("rising"),
    "falling": gettext_lazy("falling"),
    "many": gettext_lazy("number of winners"),
    "share": gettext_lazy("share of one ticket"),
}
_LACKS: Mapping[str, Promise] = {
    "not_logged": gettext_lazy("not in the log"),
    "logged_late": gettext_lazy("came into the log at another time than it was sold"),
    "no_receipt": gettext_lazy("has no receipt"),
    "receipt_differs": gettext_lazy("does not fit its receipt"),
    "sold_after_the_close": gettext_lazy("sold after the close"),
}
_CERTAIN = 0.5


def outcome(reading: MonitorReading) -> str:
    """Nothing unusual, unusual, alarm."""
    return str(MonitorReading.Outcome(reading.outcome).label)


def chance(reading: MonitorReading) -> str:
    """How likely a fair draw is to show this or worse, in words; "" where no chance is told."""
    found = reading.probability
    if found is None:
        return ""
    if found <= 0:
        return _("Not to be expected in any fair draw")
    if found > _CERTAIN:
        return _("As in most fair draws")
    return _("1 fair draw in %(number)s") % {"number": f"{round(1 / found):,}"}


def measured(reading: MonitorReading) -> str:
    """The figure, without decimals when it has none."""
    figure = reading.statistic
    return f"{int(figure):,}" if figure == int(figure) else f"{figure:,.1f}"


def what(reading: MonitorReading, version: rules.RuleVersion) -> str:
    """What stood out most: the drum, the number, the kind of day; "" when nothing is told."""
    parts = []
    for part in str(reading.facts.get("what", "")).split(":"):
        zone = next((zone for zone in version.zones if zone.code == part), None)
        if zone is not None:
            parts.append(str(zone.label))
        elif part:
            parts.append(str(_WHAT.get(part, part)))
    return _(", ").join(parts)


def tickets(reading: MonitorReading) -> list[dict[str, str]]:
    """The tickets it names, each with what is wrong with it, if that is told."""
    lacks = reading.facts.get("lacks", {})
    return [
        {
            "code": code,
            "text": _(", ").join(str(_LACKS.get(one, one)) for one in lacks.get(code, [])),
        }
        for code in reading.facts.get("tickets", [])
    ]
