"""What the deeds of this room are called in the trail."""

from django.utils.translation import gettext_lazy as _

from audit import trail

trail.name_deeds({"sales.seal_refused": _("Seal refused: tickets and books differ")})
