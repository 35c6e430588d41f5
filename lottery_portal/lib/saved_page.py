"""A page that carries all it needs inside, to be kept and opened without a network."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils.safestring import mark_safe

STYLES = ("tokens.css", "base.css", "components.css", "figures.css", "flow.css", "pages.css")


def written(
    request: HttpRequest, template: str, context: Mapping[str, Any], *, scripts: Sequence[str]
) -> str:
    """The page of this template, a child of `saved_page.html`, with our files in it."""
    script, style = _joined("js", tuple(scripts)), _joined("css", STYLES)
    icons = _joined("img", ("icons.svg",))
    page = render_to_string(
        template,
        {
            **context,
            # Our own files, shown as they are; the policy of the page names their hashes.
            "script": mark_safe(script),  # noqa: S308 - as above
            "style": mark_safe(style),  # noqa: S308 - as above
            "icons": mark_safe(icons),  # noqa: S308 - as above
            "script_source": mark_safe(_source_of(script)),  # noqa: S308 - as above
            "style_source": mark_safe(_source_of(style)),  # noqa: S308 - as above
        },
        request=request,
    )
    return page.replace(f'href="{static("img/icons.svg")}#', 'href="#')


def download(body: str, name: str, content_type: str = "text/html; charset=utf-8") -> HttpResponse:
    """An answer that browsers save under this name."""
    response = HttpResponse(body, content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@cache
def _joined(kind: str, names: tuple[str, ...]) -> str:
    folder = settings.BASE_DIR / "static" / kind
    return "\n".join((folder / name).read_text(encoding="utf-8") for name in names)


def _source_of(text: str) -> str:
    """How a content security policy names exactly this inline script or style."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"
