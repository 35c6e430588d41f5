"""The keys of an account: password, authenticator app, passkeys, recovery codes, step-up.

The library checks and stores; the pages, the trail and the session's new key are ours. It has no
types: its views are `Any` to the checker.
"""

from __future__ import annotations

from typing import Any

from allauth.account.views import ReauthenticateView
from allauth.mfa.base.internal.flows import post_authentication
from allauth.mfa.base.views import AuthenticateView
from allauth.mfa.base.views import ReauthenticateView as ReauthenticateByFactorView
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.views import GenerateRecoveryCodesView, ViewRecoveryCodesView
from allauth.mfa.totp.views import ActivateTOTPView, DeactivateTOTPView
from allauth.mfa.webauthn.views import (
    AddWebAuthnView,
    EditWebAuthnView,
    ReauthenticateWebAuthnView,
    RemoveWebAuthnView,
)
from django.contrib import messages as notes
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts import login, permission, registration, second_factor, step_up
from accounts.forms import PasswordForm
from lottery_portal.lib.errors import Refused, refuse

from .entrance import posted
from .me import user_of


@never_cache
def security(request: HttpRequest) -> HttpResponse:
    """Password and second factors at a glance."""
    user = user_of(request)
    factors = Authenticator.objects.filter(user=user).order_by("pk")
    passkeys = [factor for factor in factors if factor.type == Authenticator.Type.WEBAUTHN]
    kinds = {factor.type for factor in factors}
    page = {
        "base": base_of(request),
        "passkeys": [{"row": row, "name": row.wrap().name} for row in passkeys],
        "has_totp": Authenticator.Type.TOTP in kinds,
        "has_codes": Authenticator.Type.RECOVERY_CODES in kinds,
        "is_enrolled": second_factor.is_enrolled(user),
        "is_staff": user.is_staff,
    }
    return render(request, "accounts/security.html", page)


@never_cache
@sensitive_post_parameters("current", "password")
@require_http_methods(["GET", "POST"])
@step_up.required
def password(request: HttpRequest) -> HttpResponse:
    """Change the password; other sessions and the tokens of the account end."""
    user = user_of(request)
    form = PasswordForm(posted(request))
    status = 400 if form.is_bound else 200
    if form.is_valid():
        try:
            registration.check_password_strength(form.cleaned_data["password"], user=user)
        except Refused as refusal:
            status = refuse(form, refusal)
        else:
            if user.check_password(form.cleaned_data["current"]):
                login.change_password(
                    user=user, password=form.cleaned_data["password"], now=timezone.now()
                )
                update_session_auth_hash(request, user)
                notes.success(request, _("The password is changed. Other sessions have ended."))
                return redirect("accounts:security")
            form.add_error("current", _("This is not your current password."))
    page = {"form": form, "base": base_of(request)}
    return render(request, "accounts/password.html", page, status=status)


def base_of(request: HttpRequest) -> str:
    """Staff see the desk around their keys, an outlet operator his terminal, players the shop."""
    return _base_of(request.user)


def _base_of(user: Any) -> str:
    if not getattr(user, "is_staff", False):
        return "base.html"
    return "base_terminal.html" if permission.works_elsewhere(user) else "base_desk.html"


class _Ours:
    """What every page of the library gets here: the right surroundings."""

    request: HttpRequest

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)  # type: ignore[misc]  # no types
        return {**context, "base": _base_of(self.request.user)}

    def get_form(self, form_class: Any = None) -> Any:
        """The library's form; what to type is said by its label, not inside the field."""
        form = super().get_form(form_class)  # type: ignore[misc]  # no types
        for field in form.fields.values():
            field.widget.attrs.pop("placeholder", None)
        return form


class _NewKey:
    """After a confirmation the session gets a new key; before it, its page says what it is for."""

    request: HttpRequest

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)  # type: ignore[misc]  # no types
        asked = self.request.POST if self.request.method == "POST" else self.request.GET
        return {**context, "purpose": step_up.purpose(asked.get("next", ""))}

    def form_valid(self, form: Any) -> HttpResponse:
        response: HttpResponse = super().form_valid(form)  # type: ignore[misc]  # no types
        self.request.session.cycle_key()
        return response


class Authenticate(_Ours, AuthenticateView):  # type: ignore[misc]  # no types
    """The second step of logging in."""

    def form_invalid(self, form: Any) -> HttpResponse:
        response: HttpResponse = super().form_invalid(form)
        response.status_code = 400
        return response


class StepUpByPassword(_Ours, _NewKey, ReauthenticateView):  # type: ignore[misc]  # no types
    """Confirm with the password."""


class StepUpByCode(_Ours, _NewKey, ReauthenticateByFactorView):  # type: ignore[misc]  # no types
    """Confirm with a code."""


class StepUpByPasskey(_Ours, _NewKey, ReauthenticateWebAuthnView):  # type: ignore[misc]  # no types
    """Confirm with a passkey."""

    def form_invalid(self, form: Any) -> HttpResponse:
        return render(
            self.request, self.template_name, self.get_context_data(form=form), status=400
        )


class ActivateApp(_Ours, ActivateTOTPView):  # type: ignore[misc]  # no types
    """Set up the authenticator app. The code just typed confirms this session too."""

    def form_valid(self, form: Any) -> HttpResponse:
        response: HttpResponse = super().form_valid(form)
        device = Authenticator.objects.get(user=self.request.user, type=Authenticator.Type.TOTP)
        second_factor.spend(device, form.cleaned_data["code"])  # so that it opens nothing again
        post_authentication(self.request, device, reauthenticated=True)
        self.request.session.cycle_key()
        return response


class DeactivateApp(_Ours, DeactivateTOTPView):  # type: ignore[misc]  # no types
    """Give up the authenticator app; staff only when a passkey remains."""


class _Named:
    """The name of a passkey, asked for in our words."""

    def get_form(self, form_class: Any = None) -> Any:
        form = super().get_form(form_class)  # type: ignore[misc]  # no types
        form.fields["name"].label = _("Name of the device")
        form.fields["name"].max_length = 60
        return form


class AddPasskey(_Ours, _Named, AddWebAuthnView):  # type: ignore[misc]  # no types
    """Add a passkey. Having just used it confirms this session too."""

    def form_valid(self, form: Any) -> HttpResponse:
        response: HttpResponse = super().form_valid(form)
        device = (
            Authenticator.objects.filter(user=self.request.user, type=Authenticator.Type.WEBAUTHN)
            .order_by("-pk")
            .first()
        )
        if device is not None:
            post_authentication(self.request, device, reauthenticated=True)
            self.request.session.cycle_key()
        return response


class RenamePasskey(_Ours, _Named, EditWebAuthnView):  # type: ignore[misc]  # no types
    """Give a passkey another name."""


class RemovePasskey(_Ours, RemoveWebAuthnView):  # type: ignore[misc]  # no types
    """Give up a passkey; never the last factor of a member of staff."""

    def form_valid(self, form: Any) -> HttpResponse:
        if not second_factor.may_remove(self.get_object()):
            notes.error(
                self.request, _("Staff keep at least one second factor. Add another one first.")
            )
            return redirect("accounts:security")
        response: HttpResponse = super().form_valid(form)
        return response


class RecoveryCodes(_Ours, ViewRecoveryCodesView):  # type: ignore[misc]  # no types
    """The codes for the day the phone is lost."""


class NewRecoveryCodes(_Ours, GenerateRecoveryCodesView):  # type: ignore[misc]  # no types
    """Make new codes; the old ones end."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not second_factor.is_enrolled(user_of(request)):
            return redirect("accounts:security")
        response: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        return response
