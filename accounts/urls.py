"""Addresses of this room."""

from django.urls import path

from .views import confidentiality, desk, entrance, me, papers, reset, security

app_name = "accounts"

urlpatterns = [
    path("register/", entrance.register, name="register"),
    path("register/code/", entrance.register_code, name="register_code"),
    path("register/code/again/", entrance.register_code_again, name="register_code_again"),
    path("reset/", reset.ask, name="reset"),
    path("reset/code/", reset.code, name="reset_code"),
    path("login/", entrance.log_in, name="login"),
    path("logout/", entrance.log_out, name="logout"),
    path("consent/", entrance.consent, name="consent"),
    path("legal/<slug:kind>/", entrance.text, name="text"),
    path("me/", me.me, name="me"),
    path("me/identity/", me.verify, name="verify"),
    path("me/papers/", papers.papers, name="papers"),
    path("me/messages/", me.inbox, name="messages"),
    path("me/messages/read/", me.messages_read, name="messages_read"),
    path("me/messages/choices/", me.message_choices, name="message_choices"),
    path("me/messages/<str:code>/", me.message, name="message"),
    path("me/security/", security.security, name="security"),
    path("me/security/password/", security.password, name="password"),
    path("desk/players/", desk.players, name="desk_players"),
    path("desk/players/<str:code>/", desk.player, name="desk_player"),
    path("desk/players/<str:code>/reveal/", desk.reveal_player, name="desk_reveal"),
    path("desk/staff/", desk.staff_list, name="desk_staff"),
    path("desk/confidentiality/", confidentiality.agreement, name="desk_confidentiality"),
    path(
        "desk/confidentiality/register/",
        confidentiality.register,
        name="desk_confidentiality_register",
    ),
]
