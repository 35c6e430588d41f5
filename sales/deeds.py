"""What the deeds of this room are called in the trail."""

from django.utils.translation import gettext_lazy as _

from accounts import step_up
from audit import policies, trail

trail.name_deeds(
    {
        "sales.seal_refused": _("Seal refused: tickets and books differ"),
        "sales.seal_asked_again": _("Sealing asked for again"),
        "sales.sealed_data_asked": _("Asked for sealed sales data; refused"),
        "sales.seal_opened": _("Sealed draw opened to reading"),
        "sales.opened_seal_read": _("Page of an opened seal read"),
        "sales.plan_stopped": _("Plan stopped by its player"),
        "sales.refund_begun": _("Refund of a draw begun"),
        "sales.refund_done": _("Refund of a draw done"),
    },
    {
        "ticket": _("Ticket"),
        "purchase": _("Purchase"),
        "receipt": _("Receipt"),
        "opened_seal": _("Opening of a seal"),
        "plan": _("Plan"),
        "plan_step": _("Draw of a plan"),
        "cancellation": _("Ticket taken back"),
    },
)

policies.name_keys(
    {
        "sales.break_glass_minutes": _("Minutes that an opened seal can be read"),
        "sales.cancellation_people": _("How many others agree to cancelling a draw"),
        "sales.rolling_check_seconds": _(
            "How often open draws are compared with the log, in seconds"
        ),
        "sales.cancel_minutes": _("Minutes in which a ticket may be taken back (0: never)"),
    }
)
step_up.name_purposes(
    {
        "sales:desk_draw_cancel": _("Cancel a draw"),
        "sales:desk_break_glass": _("Open a sealed draw to reading"),
        "sales:desk_opened_seal": _("Read an opened seal"),
        "sales:desk_seal_again": _("Have a draw sealed again"),
    }
)
