"""Addresses of this room."""

from django.urls import path

from . import views

app_name = "prizes"

urlpatterns = [
    path(
        "results/<slug:game_code>/<slug:issue>/sealed-file/", views.sealed_file, name="sealed_file"
    ),
    path("desk/draws/<slug:code>/settle/", views.desk_settle_again, name="desk_settle_again"),
]
