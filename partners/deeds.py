"""What the deeds of this room are called on the pages of the trail."""

from django.utils.translation import gettext_lazy as _

from accounts import step_up
from audit import trail

trail.name_deeds(
    {
        "partners.outlet_admitted": _("Admitted an outlet"),
        "partners.outlet_suspended": _("Suspended an outlet"),
        "partners.outlet_active": _("Took an outlet back"),
        "partners.outlet_closed": _("Closed an outlet"),
        "partners.outlet_corrected": _("Corrected hours or phone of an outlet"),
        "partners.operator_assigned": _("Assigned an operator to an outlet"),
        "partners.operator_ended": _("Ended the work of an operator at an outlet"),
        "partners.terminal_begun": _("Began to work at the terminal of an outlet"),
        "partners.authority_granted": _("Gave an outlet authority to redeem"),
        "partners.authority_ended": _("Took authority to redeem back"),
    },
    {"outlet": _("outlet")},
)
step_up.name_purposes(
    {
        "partners:desk_outlet_new": _("Ask for an outlet to be admitted"),
        "partners:desk_outlet_suspend": _("Suspend an outlet"),
        "partners:desk_outlet_return": _("Ask for an outlet to be taken back"),
        "partners:desk_outlet_close": _("Close an outlet"),
        "partners:desk_outlet_correct": _("Correct hours or phone of an outlet"),
        "partners:desk_authority_new": _("Ask for authority to redeem"),
        "partners:desk_authority_end": _("Take authority to redeem back"),
        "partners:desk_operator_new": _("Assign an operator to an outlet"),
        "partners:desk_operator_end": _("End the work of an operator"),
    }
)
