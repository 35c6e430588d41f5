"""Addresses of this room."""

from django.urls import path

from .views import controls, desk, results

app_name = "games"

urlpatterns = [
    path("results/", results.results, name="results"),
    path("results/<slug:game_code>/", results.game_results, name="game_results"),
    path("results/<slug:game_code>/<slug:issue>/", results.result, name="result"),
    path("desk/draws/", desk.desk_draws, name="desk_draws"),
    path("desk/draws/<slug:code>/", desk.desk_draw, name="desk_draw"),
    path("desk/draws/<slug:code>/result/", desk.desk_result, name="desk_result"),
    path("desk/draws/<slug:code>/times/", desk.desk_times, name="desk_times"),
    path("desk/switches/", controls.desk_switches, name="desk_switches"),
    path("desk/switches/off/", controls.desk_switch_off, name="desk_switch_off"),
    path("desk/switches/on/", controls.desk_switch_on, name="desk_switch_on"),
    path("desk/licences/", controls.desk_licences, name="desk_licences"),
    path("desk/licences/new/", controls.desk_licence_new, name="desk_licence_new"),
]
