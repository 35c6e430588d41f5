"""What the deeds of this room are called in the trail."""

from django.utils.translation import gettext_lazy as _

from audit import trail

from . import step_up

trail.name_deeds(
    {
        "accounts.genesis": _("Wrote the first posts and texts"),
        "accounts.registered": _("Opened an account"),
        "accounts.shadow_account_opened": _("Opened a shadow account"),
        "accounts.legal_text_published": _("Published a legal text"),
        "accounts.legal_texts_accepted": _("Accepted legal texts"),
        "accounts.disclosure_acknowledged": _("Protection of money acknowledged"),
        "accounts.identity_confirmed": _("Identity confirmed"),
        "accounts.identity_refused": _("Identity not confirmed"),
        "accounts.personal_data_revealed": _("Looked at personal data"),
        "accounts.login_locked": _("Login name locked"),
        "accounts.security_changed": _("Keys of an account changed"),
        "accounts.password_reset": _("Set a new password by code"),
        "accounts.drill_official_made": _("Made an official for a drill"),
        "accounts.player_state_changed": _("State of an account changed"),
        "accounts.staff_employed": _("Made a staff account"),
        "accounts.staff_logged_in": _("Staff logged in"),
        "accounts.posting_appoint": _("Gave a post"),
        "accounts.posting_end": _("Took a post back"),
        "accounts.token_given": _("Gave an API token"),
        "accounts.token_ended": _("Ended an API token"),
    },
    {
        "player": _("player"),
        "user": _("user"),
        "staff": _("member of staff"),
        "person": _("person"),
        "legal_text": _("legal text"),
    },
)
step_up.name_purposes(
    {
        "accounts:password": _("Change the password"),
        "accounts:security": _("Password and second factors"),
        "mfa_index": _("Password and second factors"),
        "mfa_activate_totp": _("Set up the authenticator app"),
        "mfa_deactivate_totp": _("Remove the authenticator app"),
        "mfa_add_webauthn": _("Add a passkey"),
        "mfa_edit_webauthn": _("Rename a passkey"),
        "mfa_remove_webauthn": _("Remove a passkey"),
        "mfa_view_recovery_codes": _("See the recovery codes"),
        "mfa_generate_recovery_codes": _("Make new recovery codes"),
        "accounts:desk_player": _("See personal data of a player"),
        "accounts:desk_reveal": _("See personal data of a player"),
        "accounts:desk_staff": _("Staff and their posts"),
        "audit:approval": _("Decide on an approval"),
    }
)
