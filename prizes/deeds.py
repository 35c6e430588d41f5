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
        "prizes.limit_moved": _("Last day for a prize moved"),
        "prizes.extension_asked": _("More time for a prize asked for"),
        "prizes.extension_decided": _("Extension decided by letter"),
        "prizes.forfeited": _("Prize lapsed, to the welfare fund"),
        "prizes.unclaimed_revealed": _("Looked at unclaimed prizes"),
    },
    {"prize": _("Prize")},
)

policies.name_keys(
    {
        "prizes.wallet_up_to_fen": _("Prizes paid into the wallet, up to"),
        "prizes.kit_is_public": _("Regulator's kits open to everybody"),
        "prizes.extension_window_days": _("Days after an obstacle to ask for more time"),
        "prizes.extension_most_days": _("Longest extension, in days"),
    }
)
step_up.name_purposes(
    {
        "prizes:desk_settle_again": _("Have a draw settled again"),
        "prizes:desk_winding_up": _("Ask for a stopped game to be wound up"),
        "prizes:desk_unclaimed": _("See unclaimed prizes"),
    }
)
