"""What the deeds of this room are called on the pages of the trail."""

from django.utils.translation import gettext_lazy as _

from audit import policies, trail

trail.name_deeds(
    {
        "games.draw_planned": _("Draw planned"),
        "games.draw_open": _("Sales opened"),
        "games.draw_closed": _("Sales closed"),
        "games.draw_sealed": _("Draw sealed"),
        "games.draw_drawn": _("Draw held"),
        "games.draw_confirmed": _("Result confirmed"),
        "games.draw_settled": _("Draw settled"),
        "games.draw_published": _("Result published"),
        "games.draw_archived": _("Draw archived"),
        "games.draw_times_changed": _("Times of a draw changed"),
        "games.result_typed": _("Result typed by the first official"),
        "games.result_conflict": _("Results typed differently"),
        "games.result_confirmed": _("Result typed alike by the second official"),
        "games.licence_recorded": _("Licence recorded"),
        "games.rule_version_loaded": _("Rule version loaded"),
        "games.sales_switched_off": _("Sales switched off"),
        "games.sales_switched_on": _("Sales switched on"),
        "games.announcements_loaded": _("Announcements loaded"),
        "games.game_opened": _("Game opened"),
    },
    {
        "draw": _("Draw"),
        "game": _("Game"),
        "licence": _("Licence"),
        "rule": _("Rule version"),
        "sales_switch": _("Sales switch"),
    },
)

policies.name_keys({"games.plan_days_ahead": _("Days that the calendar of draws reaches ahead")})
