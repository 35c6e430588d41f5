"""Every address of the portal. Each room states its own full paths."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from . import api, gallery, pages

handler400 = "lottery_portal.failures.bad_request"
handler404 = "lottery_portal.failures.not_found"
handler500 = "lottery_portal.failures.server_error"

urlpatterns = [
    *pages.routes,
    path("", include("accounts.urls")),
    path("", include("accounts.login_urls")),
    path("", include("games.urls")),
    path("", include("partners.urls")),
    path("", include("finance.urls")),
    path("", include("sales.urls")),
    path("", include("prizes.urls")),
    path("", include("audit.urls")),
    path("", include("lottery_portal.sandbox_bank.urls")),
    path("api/v1/", include((api.routes, "api"))),
    path("admin/", admin.site.urls),
]

if settings.DEBUG:
    urlpatterns += [
        path("gallery/", gallery.gallery, name="gallery"),
        path("gallery/<str:page>/", gallery.gallery, name="gallery_page"),
    ]
