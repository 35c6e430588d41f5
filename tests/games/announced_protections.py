"""What keeps announced prizes and rules from files as they were agreed, and whose test it is.

Each can be taken away alone: statements for the database, changes of our code, or both.
"""

from __future__ import annotations

from dataclasses import dataclass

Change = tuple[str, str, str, str]  # module, function, what is written there, what instead


@dataclass(frozen=True)
class Kept:
    """One protection: what takes it away, and the tests of its rule."""

    name: str
    tests: tuple[str, ...]
    away: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()

    @property
    def asked(self) -> dict[str, object]:
        """As `tests.without` is told; the database is made anew after each of these tests."""
        return {"away": self.away, "back": [], "known": "", "code": self.changes}


def _of(file: str, *names: str) -> tuple[str, ...]:
    return tuple(f"tests/{file}.py::test_{name}" for name in names)


def _games(*names: str) -> tuple[str, ...]:
    return _of("games/test_announced", *names)


def _prizes(*names: str) -> tuple[str, ...]:
    return _of("prizes/test_announced", *names)


def _rules(name: str) -> tuple[str, ...]:
    return _of("games/test_rule_files", name)


def _trigger(name: str, table: str) -> tuple[str]:
    return (f"DROP TRIGGER {name} ON {table}",)


def _check(name: str, table: str) -> tuple[str]:
    return (f"ALTER TABLE games_{table} DROP CONSTRAINT {name}",)


def _of_code(name: str, tests: tuple[str, ...], *changes: Change) -> Kept:
    return Kept(f"code: {name}", tests, changes=changes)


_NEVER = "CREATE TRIGGER {0} BEFORE INSERT ON {1} FOR EACH ROW WHEN (false) EXECUTE FUNCTION {2}()"


def _changes(table: str, tests: tuple[str, ...]) -> Kept:
    """Evidence that may be written over: its trigger is there and looks at nothing."""
    name = f"{table}_never_changes"
    nothing = _NEVER.format(name, table, "evidence_never_changes")
    return Kept(f"{table} never changes", tests, (*_trigger(name, table), nothing))


_SIGNED = "algorithm=row.algorithm, public=public, signature=signature, message=message"
ANNOUNCED, MODE = "games_issuerannouncement", "games_prizemode"
_IS_MADE = _trigger("games_issuer_announced", ANNOUNCED)
_IN_TIME = _trigger("games_prize_mode_in_time", MODE)
_REFUSED = _games("a_file_that_must_not_count_is_refused_in_a_sentence")
_PAST = _games("the_tables_refuse_what_would_come_past_their_triggers")
_PASSED = _rules("the_database_refuses_what_python_would_let_pass")
_NOTICED = _rules("a_notice_shorter_than_ten_days_is_refused_when_asked_and_when_approved")

KEPT = (
    Kept("a draw on sale keeps its mode", _games("a_draw_on_sale_keeps_who_sets_its_prizes"),
         _trigger("games_draw_has_its_mode", "games_draw")),
    Kept("a mode is agreed on", _games("the_database_asks_for_the_agreement_and_the_notice"),
         _IN_TIME),
    Kept("a mode reaches no draw on sale",
         _games("no_change_reaches_days_of_which_a_draw_is_on_sale"), _IN_TIME),
    Kept("an announcement is of its draw",
         _games("the_database_takes_no_announcement_that_cannot_be"), _IS_MADE),
    Kept("an announcement is what two typed",
         _games("no_announcement_is_made_of_what_two_did_not_type"), _IS_MADE),
    Kept("an announcement has the confirmed numbers",
         _games("another_result_than_announced_is_refused"), _IS_MADE),
    Kept("an announcement comes after the drawing",
         _games("nothing_is_announced_before_the_drawing"), _IS_MADE),
    Kept("an announcement comes before counting",
         _prizes("the_database_settles_nothing_that_is_not_announced"),
         _trigger("prizes_announced_in_time", ANNOUNCED)),
    Kept("importers wait for each other",
         _games("many_who_import_one_file_at_once_store_it_once"),
         (*_check("issuer_announcement_content_once", "issuerannouncement"),
          *_check("issuer_announcement_edition_once", "issuerannouncement"), *_IS_MADE),
         (("games.announced", "_keep",
           "Draw.objects.select_for_update(no_key=True).get(pk=draw.pk)", "None"),)),
    Kept("typed by an official, in the open round", _games("two_people_type_it_blind"),
         _trigger("games_announced_entry_in_time", "games_announcedentry")),
    Kept("typed entries are salted", _PAST,
         _trigger("games_announcedentry_is_salted", "games_announcedentry")),
    Kept("numbers of a file are the file's",
         _games("typed_numbers_are_not_called_those_of_a_file"),
         _trigger("games_entry_as_announced", "games_resultentry")),
    Kept("the special rule stands", _games("the_special_rule_comes_with_the_announcement"),
         (*_trigger("games_draw_goes_forward", "games_draw"),
          *_trigger("prizes_special_follows", "games_draw"))),  # each holds it alone
    Kept("settled as announced", _prizes("the_database_settles_nothing_that_is_not_announced"),
         _trigger("prizes_settlement_as_announced", "prizes_settlement")),
    Kept("money of an issuer is agreed on",
         _of("finance/test_issuer_money",
             "the_books_take_no_money_of_an_issuer_without_its_approval"),
         _trigger("finance_entry_agreed", "finance_entry")),
    Kept("a decision is of the last edition", _prizes("one_person_does_not_decide_alone"),
         _trigger("games_difference_decided", "games_differencedecision")),
    *(Kept(name, _PAST, _check(name, table)) for table, name in (
        ("prizemode", "prize_mode_known"),
        ("prizemode", "prize_mode_has_document"),
        ("prizemode", "prize_mode_has_approval"),
        ("announcedentry", "announced_entry_once_per_person"),
        ("announcedentry", "announced_entry_salt_is_long"),
        ("issuerannouncement", "issuer_announcement_edition_once"),
        ("issuerannouncement", "issuer_announcement_content_once"),
        ("differencedecision", "difference_decision_has_reason"),
    )),
    _changes(MODE, _PAST),
    _changes("games_announcedentry", _PAST),
    _changes(ANNOUNCED, _PAST),
    _changes("games_differencedecision", _PAST),
    _of_code("the signature", _REFUSED, (
        "audit.keys", "check",
        f"if not is_signed({_SIGNED}):", "if False:",
    )),
    _of_code("its own issuer", _REFUSED,
             ("games.announced", "_signer", "if key.role != issuer_of(draw):", "if False:")),
    _of_code("its own game", _REFUSED,
             ("games.announced", "_check_subject", "if game != draw.game.code:", "if False:")),
    _of_code("its own day", _REFUSED,
             ("games.announced", "_check_day", "if told.drawn_on != day:", "if False:")),
    _of_code("officials only", _games("only_officials_import_and_type"),
             ("games.announced", "import_file",
              "if actor is not None and not _may_import(draw, actor, now):", "if False:")),
    _of_code("a difference halts",
             _prizes("a_difference_stops_the_draw_until_two_people_decide"),
             ("prizes.settlement", "begin", "if lack := as_announced.lacking(draw):",
              "if lack := '':")),
    _of_code("an altered announcement is named",
             _prizes("whoever_changes_an_announcement_past_every_fence_is_named"),
             ("prizes.as_announced", "problems", "if _is_whole(draw, said):", "if True:"),
             ("prizes.as_announced", "logged", "if not announced.is_announced(draw):",
              "if True:")),
    Kept("a rule is agreed on", _PASSED,
         _trigger("games_rule_by_agreement", "games_rulesheet")),
    Kept("a draw goes by a rule that was announced, planned", _PASSED,
         _trigger("games_draw_rule_was_announced_at_first", "games_draw")),
    Kept("a draw goes by a rule that was announced, opened", _PASSED,
         _trigger("games_draw_rule_was_announced", "games_draw")),
    Kept("a rule file is its digest", _PASSED,
         _trigger("games_rule_file_now", "games_rulefile")),
    _changes("games_rulefile", _PASSED),
    _changes("games_rulenotice", _PASSED),
    Kept("a rule has its notice", _NOTICED,
         _trigger("games_rule_has_notice", "games_rulesheet")),
    Kept("a notice is told in time", _NOTICED,
         _trigger("games_rule_notice_in_time", "games_rulenotice")),
)  # fmt: skip
