"""The component gallery: every part and every page with sample figures. Routed when DEBUG is on."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from . import gallery_samples


def gallery(request: HttpRequest, page: str = "") -> HttpResponse:
    """The parts, or one page with its sample; nothing here touches the database."""
    house = gallery_samples.house()
    if not page:
        context = {**house, **gallery_samples.components(), "pages": list(gallery_samples.PAGES)}
        return render(request, "gallery.html", context)
    try:
        template, sample = gallery_samples.PAGES[page]
    except KeyError:
        raise Http404 from None
    return render(request, template, {**house, **sample()})
