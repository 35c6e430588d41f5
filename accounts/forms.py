"""Forms of this room: what is typed, checked for shape only."""

from __future__ import annotations

from typing import Any

from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.totp.forms import ActivateTOTPForm
from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from lottery_portal.lib.choices import offer

from . import reveal, second_factor
from .models import User

LOGIN_LENGTH, PASSWORD_LENGTH = 254, 128


class Form(forms.Form):
    """A plain form whose fields tell a screen reader what is wrong with them."""

    required_css_class = "is-required"
    use_required_attribute = True


def _password_to_choose(label: Promise) -> forms.CharField:
    return forms.CharField(
        label=label,  # type: ignore[arg-type]  # a text in the reader's language
        max_length=PASSWORD_LENGTH,
        strip=False,
        help_text=_("At least 10 characters, not digits only, and not one that everybody uses."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )


class RegisterForm(Form):
    """Open an account."""

    login = forms.CharField(
        label=_("Mobile number or e-mail address"),
        max_length=LOGIN_LENGTH,
        help_text=_("You log in with it. A number from outside mainland China begins with +."),
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none"}),
    )
    password = _password_to_choose(_("Password"))
    is_adult = forms.BooleanField(label=_("I am 18 years old or older."))
    terms = forms.BooleanField(label=_("I accept the terms of use."))
    privacy = forms.BooleanField(label=_("I have read and accept the privacy notice."))
    next = forms.CharField(required=False, widget=forms.HiddenInput)


class CodeForm(Form):
    """The code that was sent."""

    code = forms.CharField(
        label=_("Six digits"),
        max_length=12,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True}
        ),
    )


class _NamedOnce:
    """A form of the library whose field has its label, and no second one inside of it."""

    fields: dict[str, forms.Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].widget.attrs.pop("placeholder", None)


class _SpendsItsCode(_NamedOnce):
    """The library's forms for a code, taking it by the one function that all ways in ask."""

    user: User
    cleaned_data: dict[str, Any]

    def clean_code(self) -> str:
        code = str(self.cleaned_data["code"])
        factor = second_factor.accept(self.user, code)
        if factor is None:
            raise get_adapter().validation_error("incorrect_code")
        self.authenticator = factor
        return code


class LogInByCodeForm(_SpendsItsCode, AuthenticateForm):  # type: ignore[misc]  # untyped library
    """The second step of logging in."""


class StepUpByCodeForm(_SpendsItsCode, ReauthenticateForm):  # type: ignore[misc]  # untyped library
    """Confirm once more with a code."""


class FirstCodeForm(_NamedOnce, ActivateTOTPForm):  # type: ignore[misc]  # untyped library
    """The first code of a device that is being set up."""


class ResetForm(Form):
    """Ask for the code with which a new password is set."""

    login = forms.CharField(
        label=_("Mobile number or e-mail address"),
        max_length=LOGIN_LENGTH,
        help_text=_("The one you log in with."),
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none"}),
    )


class NewPasswordForm(CodeForm):
    """The code that was sent, and the new password."""

    password = _password_to_choose(_("New password"))


class LoginForm(Form):
    """Log in. What was typed is not shown again, so that every failure looks the same."""

    login = forms.CharField(
        label=_("Mobile number, e-mail address or staff name"),
        max_length=LOGIN_LENGTH,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none"}),
    )
    password = forms.CharField(
        label=_("Password"),
        max_length=PASSWORD_LENGTH,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class ConsentForm(Form):
    """Accept the texts in force; the versions shown are the versions accepted."""

    def __init__(self, *args: Any, texts: list[Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for text in texts:
            self.fields[f"{text.kind}-{text.version}"] = forms.BooleanField(
                label=_("I accept: %(title)s, version %(version)s")
                % {"title": text.title, "version": text.version}
            )


class VerifyForm(Form):
    """Identity check."""

    name = forms.CharField(
        label=_("Name as in the id card"),
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    citizen_id = forms.CharField(
        label=_("Citizen id number"),
        max_length=24,
        help_text=_("18 characters; the last may be an X."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters"}),
    )
    agree = forms.BooleanField(
        label=_(
            "I agree that my name and citizen id number are used to confirm who I am and how old "
            "I am (separate consent)."
        )
    )


class PasswordForm(Form):
    """Change the password."""

    current = forms.CharField(
        label=_("Current password"),
        max_length=PASSWORD_LENGTH,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    password = _password_to_choose(_("New password"))


class RevealForm(Form):
    """Ask to see what is masked."""

    fields_wanted = forms.MultipleChoiceField(
        label=_("What you need to see"),
        choices=[
            ("name", _("Name")),
            ("citizen_id", _("Citizen id")),
            ("birth", _("Date of birth")),
            ("logins", _("Login names")),
        ],
        widget=forms.CheckboxSelectMultiple,
    )
    reason = forms.CharField(
        label=_("Reason, with the number of the case"),
        min_length=reveal.SHORTEST_REASON,
        max_length=200,
        help_text=_("It is recorded with your name before anything is shown."),
    )


class FindPlayerForm(Form):
    """Find a player by his number or by a login name."""

    q = forms.CharField(label=_("Player number, phone or e-mail"), required=False, max_length=254)


class AppointForm(Form):
    """Ask for a post to be given or taken."""

    member = forms.ChoiceField(label=_("Member of staff"))
    post = forms.ChoiceField(label=_("Post"))
    deed = forms.ChoiceField(
        label=_("What is asked for"),
        choices=[("appoint", _("Give the post")), ("end", _("Take the post back"))],
        widget=forms.RadioSelect,
        initial="appoint",
    )

    def __init__(
        self,
        *args: Any,
        members: list[tuple[str, str]],
        posts: list[tuple[str, str]],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        for name, choices in (("member", members), ("post", posts)):
            offer(self, name, choices)
