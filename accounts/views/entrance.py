"""The way in: register, log in, accept new terms, log out."""

from __future__ import annotations

from typing import Any

from allauth.account.internal.flows.login import perform_password_login
from allauth.account.models import Login
from allauth.core import ratelimit
from django.conf import settings
from django.contrib import messages as notes
from django.contrib.auth import logout as end_session
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import legal_texts, login, registration, verification
from accounts.forms import CodeForm, ConsentForm, Form, LoginForm, RegisterForm
from accounts.models import LegalText, User
from lottery_portal.lib.errors import Refused, refuse


def posted(request: HttpRequest) -> QueryDict | None:
    """What a form was given: nothing at all before it is sent."""
    return request.POST if request.method == "POST" else None


def way_on(request: HttpRequest, default: str = "") -> str:
    """Where to go afterwards, if that is a page of ours."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    is_ours = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if wanted and is_ours else default


@never_cache
@sensitive_post_parameters("password", "login")
@require_http_methods(["GET", "POST"])
def register(request: HttpRequest) -> HttpResponse:
    """Step one of an account: everything but the code."""
    if request.user.is_authenticated:
        return redirect(login.home_of(request.user))
    now = timezone.now()
    form = RegisterForm(posted(request), initial={"next": way_on(request)})
    status = 200
    if form.is_valid():
        try:
            application = registration.apply(
                login=form.cleaned_data["login"],
                password=form.cleaned_data["password"],
                accepted=tuple(legal_texts.latest(now).items()),
                is_adult=form.cleaned_data["is_adult"],
                now=now,
                ip=login.client_ip(request),
                language=get_language() or settings.LANGUAGE_CODE,
            )
            verification.begin(request.session, application, now=now)
        except Refused as refusal:
            status = refuse(form, refusal)
        else:
            request.session["after_registration"] = way_on(request)
            return redirect("accounts:register_code")
    elif form.is_bound:
        status = 400
    texts = legal_texts.latest(now)
    page = {
        "form": form,
        "terms": {"version": texts.get("TERMS", 0), "url": _address("terms")},
        "privacy": {"version": texts.get("PRIVACY", 0), "url": _address("privacy")},
    }
    return render(request, "accounts/register.html", page, status=status)


@never_cache
@require_http_methods(["GET", "POST"])
def register_code(request: HttpRequest) -> HttpResponse:
    """Step two: the code, and in."""
    now = timezone.now()
    form = CodeForm(posted(request))
    status = 400 if form.is_bound else 200
    spent = (verification.CodeSpent, registration.LoginTaken, legal_texts.NotTheLatest)
    try:
        pending = verification.waiting(request.session, now=now)
    except verification.CodeSpent as refusal:
        return render(request, "accounts/code_spent.html", status=refusal.status)
    if form.is_valid():
        try:
            application = verification.confirm(request.session, form.cleaned_data["code"], now=now)
            player = registration.admit(application, now=now)
        except verification.CodeWrong as refusal:
            status = refuse(form, refusal)
        except spent:
            code = verification.CodeSpent.status
            return render(request, "accounts/code_spent.html", status=code)
        else:
            return _enter_new(request, player.user)
    page: dict[str, Any] = {
        "form": form,
        "reached": pending.application.login.masked,
        "demo_text": pending.text if settings.DEMO and settings.EMBEDDED else "",
    }
    return render(request, "accounts/register_code.html", page, status=status)


def _enter_new(request: HttpRequest, user: User) -> HttpResponse:
    goes_to = request.session.pop("after_registration", "")
    notes.success(request, _("Your account is open."))
    address = reverse("accounts:verify") + (f"?next={goes_to}" if goes_to else "")
    answer: HttpResponse = perform_password_login(
        request, {}, Login(user=user, redirect_url=address)
    )
    return answer


@require_POST
def register_code_again(request: HttpRequest) -> HttpResponse:
    """Send another code."""
    try:
        verification.again(request.session, now=timezone.now())
    except Refused as refusal:
        return render(
            request, "accounts/code_spent.html", {"refusal": refusal}, status=refusal.status
        )
    return redirect("accounts:register_code")


@never_cache
@sensitive_post_parameters("password", "login")
@require_http_methods(["GET", "POST"])
def log_in(request: HttpRequest) -> HttpResponse:
    """Name and password; then, where there is one, the second factor."""
    goes_to = way_on(request)
    if request.user.is_authenticated:
        return redirect(goes_to or login.home_of(request.user))
    form = LoginForm(posted(request))
    page = {"form": form, "next": goes_to}
    if not form.is_valid():
        status = 400 if form.is_bound else 200
        return render(request, "accounts/login.html", page, status=status)
    if not ratelimit.consume(request, action="login"):
        return render(request, "429.html", status=429)
    return _try_in(request, form, page)


def _try_in(request: HttpRequest, form: Form, page: dict[str, Any]) -> HttpResponse:
    try:
        return login.enter(
            request,
            login=form.cleaned_data["login"],
            password=form.cleaned_data["password"],
            goes_to=page["next"] or None,
        )
    except login.Locked:
        return login.locked_page(request, form.cleaned_data["login"])
    except login.WrongLogin as refusal:
        page["form"] = empty = LoginForm({})
        empty.errors.clear()
        empty.add_error(None, str(refusal))
        return render(request, "accounts/login.html", page, status=refusal.status)


@require_POST
def log_out(request: HttpRequest) -> HttpResponse:
    """End the session."""
    end_session(request)
    return redirect(way_on(request, str(settings.LOGOUT_REDIRECT_URL)))


@never_cache
@require_http_methods(["GET", "POST"])
def consent(request: HttpRequest) -> HttpResponse:
    """New terms: read, accept, go on."""
    user, now = request.user, timezone.now()
    assert isinstance(user, User)  # noqa: S101 - the permission table lets only players in
    texts = [
        legal_texts.read(kind, language=get_language() or "", now=now, version=version)
        for kind, version in legal_texts.lacking(user, now).items()
    ]
    if not texts:
        return redirect(way_on(request, reverse("home")))
    form = ConsentForm(posted(request), texts=texts)
    status = 400 if form.is_bound else 200
    if form.is_valid():
        try:
            legal_texts.accept(
                user,
                tuple(legal_texts.latest(now).items()),
                now=now,
                ip=login.client_ip(request),
            )
        except Refused as refusal:
            status = refuse(form, refusal)
        else:
            return redirect(way_on(request, reverse("home")))
    page = {"form": form, "texts": texts, "next": way_on(request)}
    return render(request, "accounts/consent.html", page, status=status)


def _address(kind: str) -> str:
    return reverse("accounts:text", args=[kind])


@require_GET
def text(request: HttpRequest, kind: str) -> HttpResponse:
    """The terms or the privacy notice in force, or an older version of it."""
    asked = request.GET.get("version", "")
    try:
        found = legal_texts.read(
            kind.upper(),
            language=get_language() or "",
            now=timezone.now(),
            version=int(asked) if asked.isdecimal() else None,
        )
    except LegalText.DoesNotExist:
        raise Http404 from None
    return render(request, "accounts/terms.html", {"text": found})
