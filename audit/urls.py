"""Addresses of this room."""

from django.urls import path

from .views import alarms, desk, exports, figures, four_eyes, log

app_name = "audit"

urlpatterns = [
    path("desk/", desk.desk, name="desk"),
    path("desk/approvals/", four_eyes.listing, name="approvals"),
    path("desk/approvals/<str:code>/", four_eyes.one, name="approval"),
    path("desk/alarms/", alarms.listing, name="alarms"),
    path("desk/alarms/<str:code>/", alarms.one, name="alarm"),
    path("desk/trail/", log.listing, name="trail"),
    path("desk/trail/<int:number>/", log.one, name="trail_record"),
    path("desk/exports/", exports.listing, name="exports"),
    path("desk/exports/progress/", exports.progress, name="export_progress"),
    path("desk/exports/<str:code>/file/", exports.file, name="export_file"),
    path("desk/policies/", figures.listing, name="policies"),
    path("desk/policies/<str:key>/", figures.one, name="policy"),
]
