"""What the deeds of this room are called on the pages of the trail."""

from django.utils.translation import gettext_lazy as _

from accounts import step_up
from audit import policies, trail

trail.name_deeds(
    {
        "games.draw_planned": _("Draw planned"),
        "games.draw_open": _("Sales opened"),
        "games.draw_closed": _("Sales closed"),
        "games.draw_sealed": _("Draw sealed"),
        "games.seal_signed": _("Seal signed"),
        "games.seal_published": _("Seal published"),
        "games.seal_sent": _("Seal sent to a supervisor"),
        "games.seal_mail_asked_again": _("Seal mailed to supervisors again"),
        "games.seal_stamped": _("Seal time-stamped"),
        "games.draw_drawn": _("Draw held"),
        "games.draw_confirmed": _("Result confirmed"),
        "games.draw_settled": _("Draw settled"),
        "games.draw_published": _("Result published"),
        "games.draw_archived": _("Draw archived"),
        "games.draw_times_changed": _("Times of a draw changed"),
        "games.draw_cancelled": _("Draw cancelled"),
        "games.closure_recorded": _("Market closure recorded"),
        "games.notice_sent": _("Notice sent to a supervisor"),
        "games.notice_mail_asked_again": _("Notice mailed to supervisors again"),
        "games.licence_ended": _("Licence ended early"),
        "games.licence_reminded": _("Reminded of the end of a licence"),
        "games.result_typed": _("Result typed by the first official"),
        "games.result_conflict": _("Results typed differently"),
        "games.result_confirmed": _("Result typed alike by the second official"),
        "games.licence_recorded": _("Licence recorded"),
        "games.line_withdrawn": _("Line withdrawn from sale"),
        "games.rule_version_loaded": _("Rule version loaded"),
        "games.sales_switched_off": _("Sales switched off"),
        "games.sales_switched_on": _("Sales switched on"),
        "games.announcement_imported": _("Announcement of the issuer stored"),
        "games.announcement_typed": _("Announcement typed by the first official"),
        "games.announcement_typed_twice": _("Announcement typed alike by the second official"),
        "games.announcement_conflict": _("Announcements typed differently"),
        "games.difference_decided": _("Paid as announced, against the rules"),
        "games.prize_mode_changed": _("Who sets the prizes of a game changed"),
        "games.announcements_loaded": _("Announcements loaded"),
        "games.game_opened": _("Game opened"),
        "games.equipment_registered": _("Drawing equipment registered"),
        "games.equipment_inspected": _("Drawing equipment inspected"),
        "games.equipment_withdrawn": _("Drawing equipment withdrawn"),
        "games.equipment_taken_back": _("Drawing equipment taken into use again"),
        "games.equipment_assigned": _("Equipment chosen for a draw"),
        "games.minutes_written": _("Draw minutes written"),
        "games.minutes_corrected": _("Draw minutes corrected"),
        "games.minutes_signed": _("Draw minutes signed"),
    },
    {
        "closure": _("Market closure"),
        "draw": _("Draw"),
        "equipment": _("Drawing equipment"),
        "game": _("Game"),
        "licence": _("Licence"),
        "rule": _("Rule version"),
        "sales_switch": _("Sales switch"),
    },
)

policies.name_keys(
    {
        "games.plan_days_ahead": _("Days that the calendar of draws reaches ahead"),
        "games.licence_mailboxes": _("Mailboxes that are told when a licence ends soon"),
        "games.seal_supervisors": _("Supervisors who get every seal statement by mail"),
        "games.seal_timestamp_authority": _("Time-stamping authority for seals"),
    }
)
step_up.name_purposes(
    {
        "games:desk_draw": _("Work on a draw"),
        "games:desk_result": _("Type the drawn numbers"),
        "games:desk_times": _("Change the times of a draw"),
        "games:desk_mail_again": _("Mail a seal to supervisors again"),
        "games:desk_equipment_new": _("Register drawing equipment"),
        "games:desk_equipment_piece": _("Withdraw drawing equipment or take it into use"),
        "games:desk_equipment_state": _("Withdraw drawing equipment or take it into use"),
        "games:desk_inspection_new": _("Record an inspection"),
        "games:desk_draw_equipment": _("Choose the equipment of a draw"),
        "games:desk_minutes": _("Sign draw minutes"),
        "games:desk_minutes_sign": _("Sign draw minutes"),
        "games:desk_minutes_write": _("Write draw minutes"),
        "games:desk_switches": _("Switch sales off or on"),
        "games:desk_switch_off": _("Switch sales off"),
        "games:desk_switch_on": _("Switch sales on"),
        "games:desk_licence_new": _("Record a licence"),
        "games:desk_licence_end": _("End a licence early"),
        "games:desk_closure_new": _("Record a market closure"),
        "games:desk_announced_import": _("Take in an announcement of the issuer"),
        "games:desk_announced_type": _("Type an announcement of the issuer"),
        "games:desk_announced_numbers": _("Stand for the numbers of an announcement"),
        "games:desk_announced_decide": _("Ask for a decision on a difference"),
        "games:desk_prize_modes": _("See who sets the prizes of a game"),
        "games:desk_prize_mode_new": _("Change who sets the prizes of a game"),
        "games:desk_notice_again": _("Mail a notice to supervisors again"),
    }
)
