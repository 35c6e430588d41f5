"""What the deeds of this room are called in the trail."""

from django.utils.translation import gettext_lazy as _

from audit import policies, trail

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
        "accounts.winner_record_opened": _("Opened the record of a winner"),
        "accounts.look_refused": _("Look at personal data refused"),
        "accounts.identity_paper_seen": _("Saw an identity paper"),
        "accounts.identity_paper_refused": _("Identity paper refused"),
        "accounts.paper_number_registered": _("Registered a paper"),
        "accounts.paper_number_refused": _("Registration of a paper refused"),
        "accounts.proxy_recorded": _("Recorded an authority to act"),
        "accounts.proxy_ended": _("Took an authority back"),
        "accounts.proxy_letter_written": _("Wrote a letter of authority"),
        "accounts.proxy_letter_taken_back": _("Took a letter of authority back"),
        "accounts.guardian_recorded": _("Recorded the papers of a guardian"),
        "accounts.regions_recorded": _("Kept regions of persons"),
        "accounts.publicity_allowed": _("Allowed something to be published"),
        "accounts.publicity_taken_back": _("Took back what may be published"),
        "accounts.confidentiality_signed": _("Signed on confidentiality"),
        "accounts.confidentiality_published": _("Published a confidentiality agreement"),
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
policies.name_keys(
    {"confidentiality.signature_days": _("Days that a signature on confidentiality holds")}
)
step_up.name_purposes(
    {
        "accounts:papers": _("Register a paper"),
        "accounts:desk_confidentiality": _("Sign the confidentiality agreement"),
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
