"""What only the owner's hand brings about: that somebody is somebody else, or had a part in it."""

from __future__ import annotations

from accounts.models import Player, User
from tests.make_claims import Won
from tests.owner import as_owner, guards_up


def becomes(user: User, winner: Player) -> User:
    """This member of staff, with his posts, is the person of a winner."""
    with as_owner() as hand:
        for table in ("accounts_staffmember", "accounts_posting"):
            hand.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        hand.execute(
            "UPDATE accounts_posting SET person_id = %s WHERE person_id ="
            " (SELECT person_id FROM accounts_staffmember WHERE user_id = %s)",
            [winner.person_id, user.pk],
        )
        hand.execute(
            "UPDATE accounts_staffmember SET person_id = %s WHERE user_id = %s",
            [winner.person_id, user.pk],
        )
        guards_up(hand)
    return User.objects.get(pk=user.pk)


def nobodys(player: Player) -> None:
    """This account belongs to no person any more."""
    with as_owner() as hand:
        hand.execute("ALTER TABLE accounts_player DISABLE TRIGGER USER")
        hand.execute(
            "UPDATE accounts_player SET person_id = NULL, verified_at = NULL WHERE id = %s",
            [player.pk],
        )
        guards_up(hand)


def drawn_by(won: Won, user: User) -> None:
    """One of the two who entered the result is the person behind this account."""
    with as_owner() as hand:
        hand.execute("ALTER TABLE games_resultentry DISABLE TRIGGER USER")
        hand.execute(
            "UPDATE games_resultentry SET person_code = %s WHERE id ="
            " (SELECT min(id) FROM games_resultentry WHERE draw_id = %s)",
            [str(user.staff_member.person.row_uuid), won.draw.pk],
        )
        guards_up(hand)
