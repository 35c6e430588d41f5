"""How the admin looks: the ink and paper of the house, and its links."""

from __future__ import annotations

from typing import Any

from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

ACT = {
    "50": "#EEF4F6",
    "100": "#E4EEF0",
    "200": "#C3DAE0",
    "300": "#8CC7D6",
    "400": "#5E9FB0",
    "500": "#2A6C80",
    "600": "#124559",
    "700": "#0F3B4C",
    "800": "#0C303E",
    "900": "#0A2732",
    "950": "#061921",
}
PAPER_AND_INK = {
    "50": "#F6F3EC",
    "100": "#F0ECE3",
    "200": "#E3DDD1",
    "300": "#CFC8BA",
    "400": "#8C867A",
    "500": "#666B71",
    "600": "#4B5158",
    "700": "#323A40",
    "800": "#1D2327",
    "900": "#14181B",
    "950": "#0E1214",
}


def _styles(_request: Any) -> str:
    return static("css/admin.css")


def _favicon(_request: Any) -> str:
    return static("img/favicon.svg")


def unfold(*, brand: str) -> dict[str, Any]:
    """The settings of the admin's theme."""
    return {
        "SITE_TITLE": brand,
        "SITE_HEADER": brand,
        "SITE_SUBHEADER": _("Records"),
        "SITE_URL": reverse_lazy("audit:desk"),
        "SITE_SYMBOL": "fact_check",
        "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": _favicon}],
        "STYLES": [_styles],
        "SHOW_HISTORY": False,
        "SHOW_VIEW_ON_SITE": False,
        "SHOW_LANGUAGES": False,
        "BORDER_RADIUS": "8px",
        "COLORS": {"primary": ACT, "base": PAPER_AND_INK},
        "DASHBOARD_CALLBACK": "lottery_portal.start_page.dashboard",
        "ACCOUNT": {
            "navigation": [
                {"title": _("Log-in and security"), "link": reverse_lazy("accounts:security")}
            ]
        },
    }
