"""The addresses that the log-in library looks for by name, without a namespace."""

from django.urls import path
from django.views.generic import RedirectView

from .views import entrance, security

urlpatterns = [
    path("login/", entrance.log_in, name="account_login"),
    path("logout/", entrance.log_out, name="account_logout"),
    path("login/factor/", security.Authenticate.as_view(), name="mfa_authenticate"),
    path("confirm/", security.StepUpByPassword.as_view(), name="account_reauthenticate"),
    path("confirm/code/", security.StepUpByCode.as_view(), name="mfa_reauthenticate"),
    path(
        "confirm/passkey/",
        security.StepUpByPasskey.as_view(),
        name="mfa_reauthenticate_webauthn",
    ),
    path("me/security/", security.security, name="mfa_index"),
    path("me/security/app/", security.ActivateApp.as_view(), name="mfa_activate_totp"),
    path("me/security/app/off/", security.DeactivateApp.as_view(), name="mfa_deactivate_totp"),
    path("me/security/passkeys/add/", security.AddPasskey.as_view(), name="mfa_add_webauthn"),
    path(
        "me/security/passkeys/",
        RedirectView.as_view(pattern_name="mfa_index"),
        name="mfa_list_webauthn",
    ),
    path(
        "me/security/passkeys/<int:pk>/name/",
        security.RenamePasskey.as_view(),
        name="mfa_edit_webauthn",
    ),
    path(
        "me/security/passkeys/<int:pk>/off/",
        security.RemovePasskey.as_view(),
        name="mfa_remove_webauthn",
    ),
    path("me/security/codes/", security.RecoveryCodes.as_view(), name="mfa_view_recovery_codes"),
    path(
        "me/security/codes/new/",
        security.NewRecoveryCodes.as_view(),
        name="mfa_generate_recovery_codes",
    ),
]
