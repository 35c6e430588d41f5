"""Addresses of this room."""

from django.urls import path

from .views import (
    announced,
    calendar,
    controls,
    desk,
    draw_desk,
    equipment,
    limits,
    mails,
    minutes,
    monitors,
    results,
    rule_desk,
    rule_pages,
    seals,
    simulator,
    trends,
)

app_name = "games"

urlpatterns = [
    path("results/", results.results, name="results"),
    path("results/<slug:game_code>/", results.game_results, name="game_results"),
    path("results/<slug:game_code>/<slug:issue>/", results.result, name="result"),
    path("trends/", trends.first_trends, name="all_trends"),
    path("trends/<slug:game_code>/", trends.trends, name="trends"),
    path("simulator/", simulator.first_simulator, name="all_simulators"),
    path("simulator/<slug:game_code>/", simulator.simulator, name="simulator"),
    path("calendar/", calendar.calendar, name="calendar"),
    path("desk/calendar/", calendar.desk_calendar, name="desk_calendar"),
    path("desk/calendar/closures/new/", calendar.desk_closure_new, name="desk_closure_new"),
    path("desk/draws/<slug:code>/notice-again/", mails.desk_notice_again, name="desk_notice_again"),
    path("seals/", seals.seal_list, name="seals"),
    path("draws/<slug:code>/seal/", seals.seal, name="seal"),
    path("draws/<slug:code>/seal/<str:name>", seals.seal_file, name="seal_file"),
    path("desk/draws/", desk.desk_draws, name="desk_draws"),
    path("desk/draws/<slug:code>/", draw_desk.desk_draw, name="desk_draw"),
    path("desk/draws/<slug:code>/result/", desk.desk_result, name="desk_result"),
    path("desk/draws/<slug:code>/mail-again/", mails.desk_mail_again, name="desk_mail_again"),
    path("desk/draws/<slug:code>/times/", desk.desk_times, name="desk_times"),
    path(
        "results/<slug:game_code>/<slug:issue>/minutes.pdf",
        minutes.minutes_pdf_public,
        name="minutes_pdf",
    ),
    path(
        "results/<slug:game_code>/<slug:issue>/minutes.json",
        minutes.minutes_text_public,
        name="minutes_text",
    ),
    path(
        "desk/draws/<slug:code>/equipment/",
        equipment.desk_draw_equipment,
        name="desk_draw_equipment",
    ),
    path("desk/draws/<slug:code>/minutes/", minutes.desk_minutes, name="desk_minutes"),
    path(
        "desk/draws/<slug:code>/minutes/write/",
        minutes.desk_minutes_write,
        name="desk_minutes_write",
    ),
    path(
        "desk/draws/<slug:code>/minutes/sign/", minutes.desk_minutes_sign, name="desk_minutes_sign"
    ),
    path(
        "desk/draws/<slug:code>/minutes/<int:edition>.pdf",
        minutes.desk_minutes_pdf,
        name="desk_minutes_pdf",
    ),
    path(
        "desk/draws/<slug:code>/minutes/<int:edition>.json",
        minutes.desk_minutes_text,
        name="desk_minutes_text",
    ),
    path("desk/draws/<slug:code>/announced/", announced.desk_announced, name="desk_announced"),
    path(
        "desk/draws/<slug:code>/announced/import/",
        announced.desk_announced_import,
        name="desk_announced_import",
    ),
    path(
        "desk/draws/<slug:code>/announced/type/",
        announced.desk_announced_type,
        name="desk_announced_type",
    ),
    path(
        "desk/draws/<slug:code>/announced/numbers/",
        announced.desk_announced_numbers,
        name="desk_announced_numbers",
    ),
    path(
        "desk/draws/<slug:code>/announced/decide/",
        announced.desk_announced_decide,
        name="desk_announced_decide",
    ),
    path("desk/prize-modes/", announced.desk_prize_modes, name="desk_prize_modes"),
    path("desk/prize-modes/new/", announced.desk_prize_mode_new, name="desk_prize_mode_new"),
    path("desk/monitors/", monitors.desk_monitors, name="desk_monitors"),
    path("desk/monitors/<slug:code>/", monitors.desk_monitors, name="desk_monitors_draw"),
    path("desk/equipment/", equipment.desk_equipment, name="desk_equipment"),
    path("desk/equipment/new/", equipment.desk_equipment_new, name="desk_equipment_new"),
    path(
        "desk/equipment/<slug:code>/", equipment.desk_equipment_piece, name="desk_equipment_piece"
    ),
    path(
        "desk/equipment/<slug:code>/inspection/",
        equipment.desk_inspection_new,
        name="desk_inspection_new",
    ),
    path(
        "desk/equipment/<slug:code>/state/",
        equipment.desk_equipment_state,
        name="desk_equipment_state",
    ),
    path("rules/<slug:game_code>/", rule_pages.rules_of_game, name="rules"),
    path("rules/<slug:game_code>/<str:code>/", rule_pages.rule, name="rule"),
    path("rules/<slug:game_code>/<str:code>/sheet.json", rule_pages.rule_sheet, name="rule_sheet"),
    path("desk/rules/", rule_desk.desk_rules, name="desk_rules"),
    path("desk/rules/file/", rule_desk.desk_rule_file, name="desk_rule_file"),
    path("desk/rules/<slug:game_code>/<str:code>/", rule_desk.desk_rule, name="desk_rule"),
    path(
        "desk/rules/<slug:game_code>/<str:code>/load/",
        rule_desk.desk_rule_load,
        name="desk_rule_load",
    ),
    path(
        "desk/rules/<slug:game_code>/<str:code>/changes/",
        rule_desk.desk_rule_changes,
        name="desk_rule_changes",
    ),
    path(
        "desk/rules/<slug:game_code>/<str:code>/trial/",
        rule_desk.desk_rule_trial,
        name="desk_rule_trial",
    ),
    path(
        "desk/rules/<slug:game_code>/<str:code>/sheet.json",
        rule_desk.desk_rule_sheet,
        name="desk_rule_sheet",
    ),
    path("desk/draws/<slug:code>/limits/", limits.desk_limits, name="desk_limits"),
    path("desk/draws/<slug:code>/limits/new/", limits.desk_limit_new, name="desk_limit_new"),
    path("desk/switches/", controls.desk_switches, name="desk_switches"),
    path("desk/switches/off/", controls.desk_switch_off, name="desk_switch_off"),
    path("desk/switches/on/", controls.desk_switch_on, name="desk_switch_on"),
    path("desk/licences/", controls.desk_licences, name="desk_licences"),
    path("desk/licences/new/", controls.desk_licence_new, name="desk_licence_new"),
    path("desk/licences/end/<path:number>/", controls.desk_licence_end, name="desk_licence_end"),
]
