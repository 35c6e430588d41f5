"""A forgotten password: ask for a code, then set a new one with it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages as notes
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts import login, password_reset, verification
from accounts.forms import NewPasswordForm, ResetForm
from lottery_portal.lib.errors import Refused, refuse

from .entrance import posted


@never_cache
@sensitive_post_parameters("login")
@require_http_methods(["GET", "POST"])
def ask(request: HttpRequest) -> HttpResponse:
    """Step one: whose password? Every name is answered alike."""
    form = ResetForm(posted(request))
    status = 400 if form.is_bound else 200
    if form.is_valid():
        try:
            password_reset.begin(
                request.session,
                login=form.cleaned_data["login"],
                ip=login.client_ip(request),
                language=get_language() or settings.LANGUAGE_CODE,
                now=timezone.now(),
            )
        except Refused as refusal:
            status = refuse(form, refusal)
        else:
            return redirect("accounts:reset_code")
    return render(request, "accounts/reset.html", {"form": form}, status=status)


@never_cache
@sensitive_post_parameters("code", "password")
@require_http_methods(["GET", "POST"])
def code(request: HttpRequest) -> HttpResponse:
    """Step two: the code and the new password; then on to the log-in."""
    now = timezone.now()
    form = NewPasswordForm(posted(request))
    status = 400 if form.is_bound else 200
    spent = "accounts/reset_spent.html"
    try:
        pending = password_reset.ERRAND.waiting(request.session, now=now)
    except verification.CodeSpent as refusal:
        return render(request, spent, status=refusal.status)
    try:
        if form.is_valid():
            password_reset.finish(
                request.session,
                code=form.cleaned_data["code"],
                password=form.cleaned_data["password"],
                now=now,
            )
            notes.success(request, _("The new password is set. Please log in with it."))
            return redirect("accounts:login")
    except verification.CodeSpent as refusal:
        return render(request, spent, status=refusal.status)
    except Refused as refusal:
        status = refuse(form, refusal)
    page: dict[str, Any] = {
        "form": form,
        "reached": pending.application.login.masked,
        "demo_text": pending.text if settings.DEMO and settings.EMBEDDED else "",
    }
    return render(request, "accounts/reset_code.html", page, status=status)
