"""Addresses of this room."""

from django.urls import path

from .views import outlets, terminal

app_name = "partners"

urlpatterns = [
    path("terminal/", terminal.terminal, name="terminal"),
    path("desk/outlets/", outlets.desk_outlets, name="desk_outlets"),
    path("desk/outlets/new/", outlets.desk_outlet_new, name="desk_outlet_new"),
    path("desk/outlets/<str:code>/", outlets.desk_outlet, name="desk_outlet"),
    path(
        "desk/outlets/<str:code>/suspend/", outlets.desk_outlet_suspend, name="desk_outlet_suspend"
    ),
    path("desk/outlets/<str:code>/return/", outlets.desk_outlet_return, name="desk_outlet_return"),
    path("desk/outlets/<str:code>/close/", outlets.desk_outlet_close, name="desk_outlet_close"),
    path(
        "desk/outlets/<str:code>/correct/", outlets.desk_outlet_correct, name="desk_outlet_correct"
    ),
    path(
        "desk/outlets/<str:code>/authority/", outlets.desk_authority_new, name="desk_authority_new"
    ),
    path(
        "desk/outlets/<str:code>/authority/<str:approval>/end/",
        outlets.desk_authority_end,
        name="desk_authority_end",
    ),
    path("desk/outlets/<str:code>/operators/", outlets.desk_operator_new, name="desk_operator_new"),
    path(
        "desk/outlets/<str:code>/operators/<str:username>/end/",
        outlets.desk_operator_end,
        name="desk_operator_end",
    ),
]
