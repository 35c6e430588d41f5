"""Staff pages: read and sign the confidentiality agreement; who has, and who has not (F099)."""

from __future__ import annotations

from django.contrib import messages as notes
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts import confidentiality, step_up
from accounts.models import ConfidentialityAgreement
from accounts.paper_forms import SignForm
from audit import people
from lottery_portal.lib.errors import Refused

from .entrance import posted, way_on
from .me import user_of


@never_cache
@require_http_methods(["GET", "POST"])
def agreement(request: HttpRequest) -> HttpResponse:
    """The agreement in force, and one's signature on it."""
    user, now = user_of(request), timezone.now()
    language = get_language() or ""
    try:
        text = confidentiality.in_force(language=language, now=now)
    except ConfidentialityAgreement.DoesNotExist:
        raise Http404 from None
    digest = confidentiality.digest(text)
    begun = {"version": text.version, "digest": digest}
    form = SignForm(posted(request), initial=begun)
    status, refused = 400 if form.is_bound else 200, ""
    if form.is_bound and (held := step_up.before_deed(request, may=True)):
        return held
    if form.is_valid():
        try:
            confidentiality.sign(
                user=user,
                language=text.language,
                version=form.cleaned_data["version"],
                digest_read=form.cleaned_data["digest"],
                now=now,
            )
        except Refused as refusal:
            # What was ticked was another text: the present one stands above a form that is empty.
            status, refused = refusal.status, str(refusal)
            form = SignForm(initial=begun)
        else:
            notes.success(request, _("Signed. Thank you for keeping it."))
            return redirect(way_on(request) or "accounts:desk_confidentiality")
    last = confidentiality.last_signature(user)
    page = {
        "text": text,
        "digest": digest,
        "is_signed": confidentiality.has_signed(user, now),
        "last": last,
        "form": form,
        "refused": refused,
        "next": way_on(request),
        "nav": "confidentiality",
    }
    return render(request, "desk/confidentiality.html", page, status=status)


@never_cache
@require_safe
def register(request: HttpRequest) -> HttpResponse:
    """Everybody with a post: who signed which version when, those first who must and have not."""
    now = timezone.now()
    standings = confidentiality.standings(now)
    rows = [
        {
            "name": one.member.display_name,
            "posts": people.role_titles(one.roles),
            "version": one.version,
            "signed_at": one.signed_at,
            "is_signed": one.is_signed,
            "must_sign": one.must_sign,
        }
        for one in standings
    ]
    missing = sum(one.must_sign for one in standings)
    page = {"rows": rows, "missing": missing, "nav": "confidentiality"}
    return render(request, "desk/confidentiality_register.html", page)
