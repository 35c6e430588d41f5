"""What the deeds and objects of this room are called."""

from django.utils.translation import gettext_lazy as _

from . import policies, trail

trail.name_deeds(
    {
        "audit.approval_requested": _("Approval asked for"),
        "audit.approval_signed": _("Approval signed"),
        "audit.approval_refused": _("Approval refused"),
        "audit.approval_expired": _("Approval ran out"),
        "audit.policy_set": _("Policy parameter set"),
        "audit.export_ordered": _("Export ordered"),
        "audit.export_made": _("Export made"),
        "audit.export_downloaded": _("Export downloaded"),
        "audit.export_damaged": _("Export found damaged"),
    },
    {
        "approval": _("Approval"),
        "policy": _("Policy parameter"),
        "export": _("Export"),
    },
)

policies.name_keys({"approvals.checkers_needed": _("Checkers that a request needs")})
