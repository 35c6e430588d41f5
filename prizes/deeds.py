"""What the deeds of this room are called on the pages of the trail."""

from django.utils.translation import gettext_lazy as _

from accounts import step_up
from audit import policies, trail

trail.name_deeds(
    {
        "prizes.settlement_begun": _("Settlement begun"),
        "prizes.settlement_halted": _("Settlement halted"),
        "prizes.draw_priced": _("Prizes worked out"),
        "prizes.books_opened": _("Pool and fund opened"),
        "prizes.kit_made": _("Regulator's kit made"),
        "prizes.game_wound_up": _("Stopped game wound up"),
        "prizes.hold_begun": _("Prize held"),
        "prizes.hold_over": _("Hold of a prize lifted"),
        "prizes.hold_paper_added": _("Paper of a hold added"),
        "prizes.hold_paper_opened": _("Paper of a hold opened"),
        "prizes.limit_moved": _("Last day for a prize moved"),
        "prizes.extension_asked": _("More time for a prize asked for"),
        "prizes.extension_decided": _("Extension decided by letter"),
        "prizes.forfeited": _("Prize lapsed, to the welfare fund"),
        "prizes.winner_announced": _("Told of a winner as he allows"),
        "prizes.unclaimed_revealed": _("Looked at unclaimed prizes"),
        "prizes.unclaimed_shown": _("Was shown unclaimed prizes at a desk"),
        "prizes.claim_opened": _("Claim opened"),
        "prizes.claim_checked": _("Ticket and identity of a claim checked"),
        "prizes.claim_complete": _("Payment of a claim settled"),
        "prizes.claim_signed": _("Confirmation of a claim signed"),
        "prizes.claim_approved": _("Payment of a claim approved"),
        "prizes.claim_paying": _("Prize on its way to the bank"),
        "prizes.claim_paid": _("Prize paid"),
        "prizes.claim_archived": _("Claim filed"),
        "prizes.claim_refused": _("Claim refused"),
        "prizes.claim_recovered": _("Prize taken back"),
        "prizes.claim_withdrawn": _("Claim withdrawn by the winner"),
        "prizes.voucher_taken": _("Paper of a voucher taken"),
        "prizes.confirmation_taken": _("Signed confirmation taken"),
        "prizes.claim_paper_opened": _("Paper of a claim opened"),
        "prizes.appointment_booked": _("Appointment at the centre booked"),
        "prizes.appointment_cancelled": _("Appointment at the centre cancelled"),
        "prizes.visitor_registered": _("Visitor of the centre registered"),
        "prizes.visitor_called": _("Visitor called to a counter"),
        "prizes.visitor_left": _("Visitor left"),
        "prizes.delay_found": _("Prize not paid by the day promised"),
        "prizes.payment_delayed": _("Winner told of a late payment"),
    },
    {"prize": _("Prize"), "claim": _("Claim"), "desk": _("Desk")},
)

policies.name_keys(
    {
        "prizes.wallet_up_to_fen": _("Prizes paid into the wallet, up to"),
        "prizes.outlet_up_to_fen": _("Prizes paid at outlets, up to"),
        "prizes.claim_approvals": _("Further people who agree to the payment of a prize"),
        "prizes.claim_due_working_days": _("Working days until a prize is paid"),
        "prizes.papers_to_pay": _("Papers that are there before a prize is paid"),
        "prizes.papers_to_file": _("Papers that are there before a claim is filed"),
        "prizes.kit_is_public": _("Regulator's kits open to everybody"),
        "prizes.extension_window_days": _("Days after an obstacle to ask for more time"),
        "prizes.extension_most_days": _("Longest extension, in days"),
        "prizes.announced_from_fen": _("Prizes of a line announced, from"),
        "prizes.appointment_minutes": _("Length of an appointment, in minutes"),
        "prizes.appointment_seats": _("Appointments at the same time in a centre"),
        "prizes.appointment_days_ahead": _("Appointments are booked so many days ahead"),
        "prizes.appointment_notice_hours": _("Hours before which an appointment can be changed"),
        "prizes.objection_days": _("Days in which a refusal may be objected to"),
        "prizes.delay_most_days": _("A late payment is promised within so many days"),
    }
)
step_up.name_purposes(
    {
        "prizes:desk_settle_again": _("Have a draw settled again"),
        "prizes:desk_winding_up": _("Ask for a stopped game to be wound up"),
        "prizes:desk_unclaimed": _("See unclaimed prizes"),
        "prizes:payment": _("Choose how a prize is paid"),
        "prizes:sign": _("Sign the confirmation of a prize"),
        "prizes:agent": _("Have somebody claim a prize for you"),
        "prizes:desk_claim": _("Ask for or make the payment of a prize"),
        "prizes:terminal_claim": _("Stamp a ticket and pay its prize"),
    }
)
