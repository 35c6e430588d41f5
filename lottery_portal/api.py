"""The addresses of `/api/v1/`, gathered from the rooms, and the page that describes them."""

from django.urls import path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

import accounts.api
import finance.api
import games.api
import prizes.api
import prizes.claim_api
import prizes.winner_api
import sales.api
import sales.plan_api

routes = [
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("", SpectacularSwaggerSplitView.as_view(url_name="api:schema"), name="docs"),
    *accounts.api.routes,
    *games.api.routes,
    *sales.api.routes,
    *sales.plan_api.routes,
    *prizes.claim_api.routes,
    *prizes.winner_api.routes,
    *finance.api.routes,
    *prizes.api.routes,
]
