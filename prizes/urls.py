"""Addresses of this room."""

from django.urls import path

from . import views
from .redemption import (
    pages_agents,
    pages_claiming,
    pages_counter,
    pages_deadlines,
    pages_forfeited,
    pages_holds,
    pages_lookers,
    pages_minors,
    pages_prizes,
    pages_terminal,
    pages_vouchers,
    pages_where,
    pages_winners,
)

app_name = "prizes"

urlpatterns = [
    path("where-to-claim/", pages_where.where_to_claim, name="where_to_claim"),
    path(
        "results/<slug:game_code>/<slug:issue>/sealed-file/", views.sealed_file, name="sealed_file"
    ),
    path("results/<slug:game_code>/<slug:issue>/kit.zip", views.public_kit, name="kit"),
    path("desk/draws/<slug:code>/kit.zip", views.desk_kit, name="desk_kit"),
    path("desk/draws/<slug:code>/differences.txt", views.desk_differences, name="desk_differences"),
    path("desk/integrity/", views.desk_integrity, name="desk_integrity"),
    path("desk/integrity/now/", views.desk_integrity_now, name="desk_integrity_now"),
    path("desk/integrity/verify/", views.desk_verify_log, name="desk_verify_log"),
    path("desk/stopped-games/", views.desk_stopped_games, name="desk_stopped_games"),
    path("desk/stopped-games/<slug:game_code>/", views.desk_winding_up, name="desk_winding_up"),
    path("transparency/", views.transparency_page, name="transparency"),
    path("winners/", pages_winners.winners_page, name="winners"),
    path("winners/table.csv", pages_winners.winners_table, name="winners_table"),
    path("desk/winners/", pages_winners.desk_winners, name="desk_winners"),
    path("prizes/lapsing/", pages_deadlines.lapsing_page, name="lapsing"),
    path("prizes/", pages_prizes.index, name="mine"),
    path("prizes/<slug:code>/", pages_prizes.prize, name="prize"),
    path("prizes/<slug:code>/claim/", pages_claiming.claim, name="claim"),
    path("prizes/<slug:code>/papers/", pages_claiming.hand_in, name="papers"),
    path("prizes/<slug:code>/payment/", pages_claiming.payment, name="payment"),
    path("prizes/<slug:code>/sign/", pages_claiming.sign, name="sign"),
    path("prizes/<slug:code>/objection/", pages_claiming.objection, name="objection"),
    path("prizes/<slug:code>/withdraw/", pages_claiming.withdraw, name="withdraw"),
    path("prizes/<slug:code>/agent/", pages_agents.agent, name="agent"),
    path("prizes/<slug:code>/agent/<slug:letter>/", pages_agents.agent_end, name="agent_end"),
    path("prizes/<slug:code>/confirmation.pdf", pages_prizes.confirmation, name="confirmation"),
    path("prizes/<slug:code>/voucher.pdf", pages_prizes.voucher, name="voucher"),
    path("desk/prizes/vouchers/", pages_vouchers.desk_vouchers, name="desk_vouchers"),
    path("desk/prizes/vouchers/<slug:code>.pdf", pages_vouchers.desk_voucher, name="desk_voucher"),
    path(
        "desk/prizes/confirmations/<slug:code>.pdf",
        pages_vouchers.desk_confirmation,
        name="desk_confirmation",
    ),
    path("prizes/<slug:code>/publicity/", pages_winners.publicity_page, name="publicity"),
    path("prizes/<slug:code>/deadline/", pages_deadlines.deadline, name="deadline"),
    path("prizes/letters/<slug:code>.pdf", pages_deadlines.letter, name="letter"),
    path("terminal/claims/", pages_terminal.terminal_claims, name="terminal_claims"),
    path("terminal/claims/<slug:ticket>/", pages_terminal.terminal_claim, name="terminal_claim"),
    path("desk/claims/", pages_counter.desk_claims, name="desk_claims"),
    path("desk/claims/agent/", pages_agents.desk_claim_agent, name="desk_claim_agent"),
    path(
        "desk/claims/tickets/<slug:ticket>/open/",
        pages_counter.desk_claim_open,
        name="desk_claim_open",
    ),
    path("desk/claims/<slug:code>/", pages_counter.desk_claim, name="desk_claim"),
    path(
        "desk/claims/<slug:code>/papers/<uuid:paper>/",
        pages_counter.desk_claim_paper,
        name="desk_claim_paper",
    ),
    path("desk/prizes/holds/", pages_holds.desk_holds, name="desk_holds"),
    path("desk/prizes/holds/<slug:code>/", pages_holds.desk_hold, name="desk_hold"),
    path(
        "desk/prizes/holds/<slug:code>/papers/<uuid:paper>/",
        pages_minors.desk_hold_paper,
        name="desk_hold_paper",
    ),
    path("desk/prizes/minors/", pages_minors.desk_minors, name="desk_minors"),
    path("desk/prizes/looks/", pages_lookers.desk_lookers, name="desk_lookers"),
    path("desk/prizes/extensions/", pages_holds.desk_extensions, name="desk_extensions"),
    path("desk/prizes/extensions/<slug:code>/", pages_holds.desk_extension, name="desk_extension"),
    path("desk/prizes/letters/<slug:code>.pdf", pages_holds.desk_letter, name="desk_letter"),
    path("desk/prizes/forfeited/", pages_forfeited.desk_forfeited, name="desk_forfeited"),
    path("desk/prizes/unclaimed/", pages_forfeited.desk_unclaimed, name="desk_unclaimed"),
    path("desk/draws/<slug:code>/settle/", views.desk_settle_again, name="desk_settle_again"),
]
