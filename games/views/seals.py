"""Published seals: the list, one seal with its signatures, and the files to check it with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_safe

from games import draws, minutes, rules, seal_facts, seals
from games.models import Draw, SealStatement
from games.seal_models import SealDelivery
from lottery_portal.lib.errors import Refused

PER_PAGE = 30
# Article 22: the sealed file itself is shown once the draw is over.
FILE_SHOWN = (*draws.WAY[draws.WAY.index(Draw.State.CONFIRMED) :], Draw.State.CANCELLED)

FILES: Mapping[str, str] = {
    seals.STATEMENT_NAME: gettext_noop("Seal statement"),
    seals.SIGNATURES_NAME: gettext_noop("Signatures"),
    seals.KEYS_NAME: gettext_noop("Public keys"),
}


@require_safe
def seal_list(request: HttpRequest) -> HttpResponse:
    """Every published seal, newest first, each naming the root before it."""
    page = Paginator(seals.published(), PER_PAGE).get_page(request.GET.get("page"))
    return render(
        request,
        "games/seals.html",
        {"nav": "check", "seals": [_row(one) for one in page], "page": page},
    )


@require_safe
def seal(request: HttpRequest, code: str) -> HttpResponse:
    """One seal: what was sold, who signed, the chain of roots, and how to check it."""
    statement = _published(code)
    draw = statement.draw
    found = {
        "nav": "check",
        "game": {"code": draw.game.code, "name": _(draw.game.name)},
        "draw": draw,
        "seal": _facts(statement),
        "signatures": signatures_shown(statement),
        "bet_types": _bet_types(statement),
        "before": _neighbour(seals.before(statement)),
        "after": _neighbour(seals.after(statement)),
        "facts": seal_facts.of(draw),
        "files": [
            {"name": _(title), "url": reverse("games:seal_file", args=[code, name]), "file": name}
            for name, title in FILES.items()
        ]
        + minutes_shown(draw)
        + seal_facts.files_of(draw),
        "sealed_file_url": reverse("prizes:sealed_file", args=[draw.game.code, draw.issue])
        if draw.state in FILE_SHOWN
        else "",
        "result_url": reverse("games:result", args=[draw.game.code, draw.issue]),
        "supervisors": statement.deliveries.filter(state=SealDelivery.State.DELIVERED).count(),
        "time_stamps": list(statement.time_stamps.all()),
    }
    return render(request, "games/seal.html", found)


@require_safe
def seal_file(_request: HttpRequest, code: str, name: str) -> HttpResponse:
    """The statement, its signatures or the public keys: exactly the bytes that count."""
    if name not in FILES:
        raise Http404
    files = seals.downloads(_published(code))
    content = {
        seals.STATEMENT_NAME: files.statement,
        seals.SIGNATURES_NAME: files.signatures,
        seals.KEYS_NAME: files.keys,
    }[name]
    return HttpResponse(
        content,
        content_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="{code}-{name}"'},
    )


def minutes_shown(draw: Draw) -> list[dict[str, str]]:
    """The draw minutes, as paper and as text, once the draw is published with them."""
    is_over = draw.state in {Draw.State.PUBLISHED, Draw.State.ARCHIVED}
    made = minutes.last_signed(draw) if is_over else None
    if made is None:
        return []
    name = f"{draw.code}-minutes-{made.edition}"
    return [
        {
            "name": _("Draw minutes"),
            "url": reverse(f"games:minutes_{kind}", args=[draw.game.code, draw.issue]),
            "file": f"{name}.{ending}",
        }
        for kind, ending in (("pdf", "pdf"), ("text", "json"))
    ]


def _published(code: str) -> SealStatement:
    try:
        return seals.of(Draw.objects.real().get(code=code))
    except (Draw.DoesNotExist, Refused) as exc:
        raise Http404 from exc


def _row(statement: SealStatement) -> dict[str, Any]:
    return {
        "game": _(statement.draw.game.name),
        "issue": statement.draw.issue,
        "root": statement.root,
        "tickets": statement.tickets,
        "published_at": statement.publication.published_at,
        "url": reverse("games:seal", args=[statement.draw.code]),
    }


def _facts(statement: SealStatement) -> dict[str, Any]:
    published_at = statement.publication.published_at
    return {
        "root": statement.root,
        "file_name": statement.file_name,
        "file_digest": statement.file_digest,
        "rule": statement.draw.rule.code,
        "rule_digest": statement.rule_digest,
        "previous_root": statement.previous_root,
        "tickets": statement.tickets,
        "lines": statement.lines,
        "stake_fen": statement.stake,
        "closed_at": statement.closed_at,
        "sealed_at": statement.sealed_at,
        "published_at": published_at,
        "ahead_seconds": max(int((statement.draw.draws_at - published_at).total_seconds()), 0),
        "is_cancelled": statement.draw.state == Draw.State.CANCELLED,
        "text": statement.statement,
    }


def signatures_shown(statement: SealStatement) -> list[Mapping[str, Any]]:
    """Who signed a statement, with which key, when; in that order."""
    names = {
        "OPERATIONS": _("The operator"),
        "INDEPENDENT": _("The independent witness"),
    }
    return [
        {
            "who": names[row.role],
            "key": row.key_id,
            "algorithm": row.algorithm,
            "signature": row.signature,
            "at": row.signed_at,
        }
        for row in statement.signatures.order_by("signed_at")
    ]


def _bet_types(statement: SealStatement) -> list[dict[str, Any]]:
    version = rules.by_code(statement.draw.rule.code)
    return [
        {"name": _name(version, code), **sums}
        for code, sums in sorted(statement.by_bet_type.items())
    ]


def _name(version: rules.RuleVersion, code: str) -> str:
    known = version.bet_type(code)
    return str(known.label) if known else code


def _neighbour(statement: SealStatement | None) -> dict[str, str] | None:
    if statement is None or statement.draw.is_shadow:
        return None
    return {
        "issue": statement.draw.issue,
        "root": statement.root,
        "url": reverse("games:seal", args=[statement.draw.code]),
    }
