"""Addresses of this room."""

from django.urls import path

from .views import (
    board,
    cancellation,
    checkout,
    glass,
    picker,
    plans,
    proofs,
    sale_state,
    seals,
    tickets,
)

app_name = "sales"

urlpatterns = [
    path("play/", picker.index, name="games"),
    path("buy/", checkout.buy_all, name="buy_all"),
    path("play/<slug:game_code>/", board.board, name="board"),
    path("play/<slug:game_code>/state/", sale_state.sale_state, name="sale_state"),
    path("play/<slug:game_code>/quick-pick/", board.quick, name="quick_pick"),
    path("play/<slug:game_code>/quote/", board.quote, name="quote"),
    path("play/<slug:game_code>/<slug:issue>/buy/", checkout.buy, name="buy"),
    path("play/<slug:game_code>/<slug:issue>/plan/", plans.begin, name="plan_begin"),
    path("plans/", plans.index, name="plans"),
    path("plans/<str:code>/", plans.plan, name="plan"),
    path("plans/<str:code>/stop/", plans.stop, name="plan_stop"),
    path("tickets/", tickets.index, name="tickets"),
    path("tickets/check/", tickets.receipt_check, name="receipt_check"),
    path("tickets/<str:code>/", tickets.ticket, name="ticket"),
    path("tickets/<str:code>/cancel/", plans.cancel_ticket, name="ticket_cancel"),
    path("tickets/<str:code>/receipt.json", tickets.receipt, name="receipt"),
    path("tickets/<str:code>/proof.json", proofs.proof, name="proof"),
    path("tickets/<str:code>/proof.html", proofs.proof_page, name="proof_page"),
    path("tickets/<str:code>/proof/report/", proofs.proof_report, name="proof_report"),
    path("draws/<slug:code>/cancellation.json", cancellation.cancellation, name="cancellation"),
    path("desk/draws/<slug:code>/cancel/", cancellation.desk_draw_cancel, name="desk_draw_cancel"),
    path("desk/draws/<slug:code>/seal-again/", seals.desk_seal_again, name="desk_seal_again"),
    path("desk/draws/<slug:code>/open-seal/", glass.desk_break_glass, name="desk_break_glass"),
    path("desk/draws/<slug:code>/opened-seal/", glass.desk_opened_seal, name="desk_opened_seal"),
]
