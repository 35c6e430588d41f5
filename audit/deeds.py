"""What the deeds and objects of this room are called."""

from django.utils.translation import gettext_lazy as _

from . import approvals, policies, trail

trail.name_deeds(
    {
        "audit.approval_requested": _("Approval asked for"),
        "audit.approval_signed": _("Approval signed"),
        "audit.approval_refused": _("Approval refused"),
        "audit.approval_expired": _("Approval ran out"),
        "audit.policy_set": _("Policy parameter set"),
        "audit.alarm_raised": _("Alarm raised"),
        "audit.alarm_cleared": _("Alarm cleared"),
        "audit.key_registered": _("Signing key registered"),
        "audit.key_revoked": _("Signing key withdrawn"),
        "audit.log_verified": _("Log verified"),
        "audit.verification_ordered": _("Verification of the log ordered"),
        "audit.export_ordered": _("Export ordered"),
        "audit.export_made": _("Export made"),
        "audit.export_downloaded": _("Export downloaded"),
        "audit.export_damaged": _("Export found damaged"),
        "audit.record_read": _("Record opened"),
        "audit.release_recorded": _("Release put into service"),
        "audit.catalogue_checked": _("Database compared with the release"),
    },
    {
        "approval": _("Approval"),
        "policy": _("Policy parameter"),
        "export": _("Export"),
        "signing_key": _("Signing key"),
        "log": _("Log"),
        "witness": _("Independent witness"),
        "release": _("Release"),
        "catalogue": _("Object of the database"),
    },
)

policies.name_keys(
    {
        "approvals.checkers_needed": _("Checkers that a request needs"),
        approvals.UP_TO: _("Amounts up to which a post decides"),
    }
)
