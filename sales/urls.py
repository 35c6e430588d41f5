"""Addresses of this room."""

from django.urls import path

from .views import board, tickets

app_name = "sales"

urlpatterns = [
    path("play/<slug:game_code>/", board.board, name="board"),
    path("play/<slug:game_code>/quick-pick/", board.quick, name="quick_pick"),
    path("play/<slug:game_code>/quote/", board.quote, name="quote"),
    path("play/<slug:game_code>/<slug:issue>/buy/", board.buy, name="buy"),
    path("tickets/", tickets.index, name="tickets"),
    path("tickets/check/", tickets.receipt_check, name="receipt_check"),
    path("tickets/<str:code>/", tickets.ticket, name="ticket"),
    path("tickets/<str:code>/receipt.json", tickets.receipt, name="receipt"),
]
