"""Seats at the prize centre are counted, visitors registered, late payments announced (F083, F084, F095)."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import lottery_portal.lib.codes

LOGGED = {  # table: kind, key in the log
    "appointment": ("appointment", "code"),
    "visit": ("visit", "code"),
    "visitstep": ("visit_step", "id"),
    "delay": ("delay", "id"),
    "delaynotice": ("delay_notice", "id"),
}
EVIDENCE = ("visit", "visitstep", "delay", "delaynotice")
GUARDS = """
-- Whether a centre with these hours is open from a moment for so many minutes, and a time begins there: counted
-- from its opening, one after the other. Holidays are not known here.
CREATE FUNCTION prizes_appointment_fits(hours text, starts timestamptz, minutes integer) RETURNS boolean LANGUAGE sql IMMUTABLE
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM regexp_matches(hours, '([1-7])(?:-([1-7]))? ([0-9]{2}:[0-9]{2})-([0-9]{2}:[0-9]{2})', 'g') AS span,
               (SELECT starts AT TIME ZONE 'Asia/Shanghai' AS here) AS clock,
               LATERAL (SELECT extract(epoch FROM here::time - span[3]::time)::integer AS since,
                               extract(epoch FROM span[4]::time - span[3]::time)::integer AS open) AS seconds
         WHERE extract(isodow FROM here) BETWEEN span[1]::integer AND coalesce(span[2], span[1])::integer
           AND date_trunc('minute', here) = here
           AND since >= 0 AND since + minutes * 60 <= open AND since % (minutes * 60) = 0)
$$;

CREATE FUNCTION prizes_appointment_figure(figure text, place text) RETURNS integer LANGUAGE sql STABLE
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT coalesce(prizes_policy('prizes.appointment_' || figure, place, clock_timestamp())::text::integer, 0)
$$;

-- Book a seat at a time of a centre for a prize that waits, in exchange for the appointment there is, or as the
-- first. Who wants a seat of that day at that centre waits for the others here: so seats are counted (F083).
CREATE FUNCTION prizes_appointment_book(asked jsonb) RETURNS bigint LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    won prizes_prize;
    centre partners_outlet;
    account bigint := (asked->>'account')::bigint;
    is_staff boolean := EXISTS (SELECT FROM accounts_staffmember s WHERE s.user_id = account);
    starts timestamptz := (asked->>'starts_at')::timestamptz;
    starts_on date := (starts AT TIME ZONE 'Asia/Shanghai')::date;
    minutes integer;
    notice interval;
    known prizes_appointment;
    free integer;
    made bigint;
BEGIN
    SELECT p.* INTO won FROM prizes_prize p WHERE p.id = (asked->>'prize')::bigint FOR NO KEY UPDATE;
    IF won.id IS NULL OR won.route <> 'CENTRE' OR EXISTS (SELECT FROM prizes_prizeend e WHERE e.prize_id = won.id)
       OR NOT EXISTS (SELECT FROM games_draw d WHERE d.id = won.draw_id AND d.state IN ('PUBLISHED', 'ARCHIVED')) THEN
        PERFORM prizes_refuse('appointment_of_a_prize_that_waits');
    END IF;
    IF NOT is_staff AND NOT EXISTS (SELECT FROM accounts_player y WHERE y.id = won.owner_id AND y.user_id = account) THEN
        PERFORM prizes_refuse('appointment_by_its_owner');
    END IF;
    IF EXISTS (SELECT FROM prizes_claim c WHERE c.prize_id = won.id AND c.state NOT IN ('REFUSED', 'RECOVERED')
                  AND c.way <> 'CENTRE') THEN
        PERFORM prizes_refuse('appointment_for_the_centre');
    END IF;
    IF starts >= prizes_claimable_until(won.id) AND NOT EXISTS (
        SELECT FROM prizes_claim c WHERE c.prize_id = won.id AND c.state NOT IN ('REFUSED', 'RECOVERED')) THEN
        PERFORM prizes_refuse('appointment_before_the_last_day');
    END IF;
    SELECT o.* INTO centre FROM partners_outlet o WHERE o.code = asked->>'place' AND o.kind = 'CENTRE';
    IF centre.id IS NULL OR NOT partners_may_redeem(centre.code, (
            SELECT g.code FROM games_draw d JOIN games_game g ON g.id = d.game_id WHERE d.id = won.draw_id),
            won.amount, clock_timestamp()) THEN
        PERFORM prizes_refuse('appointment_at_a_centre');
    END IF;
    minutes := prizes_appointment_figure('minutes', centre.code);
    notice := make_interval(hours => prizes_appointment_figure('notice_hours', centre.code));
    IF starts IS NULL OR minutes < 1 OR NOT prizes_appointment_fits(centre.hours, starts, minutes) THEN
        PERFORM prizes_refuse('appointment_at_an_open_time');
    END IF;
    IF starts < clock_timestamp() + (CASE WHEN is_staff THEN interval '0' ELSE notice END)
       OR starts_on > prizes_today() + prizes_appointment_figure('days_ahead', centre.code) THEN
        PERFORM prizes_refuse('appointment_neither_too_soon_nor_too_late');
    END IF;

    PERFORM pg_advisory_xact_lock(hashtextextended('prizes_appointment:' || centre.code || ':' || starts_on, 0));
    UPDATE prizes_appointment a SET state = 'MISSED', ended_at = clock_timestamp()
     WHERE a.prize_id = won.id AND a.state = 'BOOKED' AND a.ends_at <= clock_timestamp();
    SELECT a.* INTO known FROM prizes_appointment a WHERE a.prize_id = won.id AND a.state = 'BOOKED';
    IF known.id IS NOT NULL AND known.code = asked->>'instead_of' THEN
        IF NOT is_staff AND known.starts_at < clock_timestamp() + notice THEN
            PERFORM prizes_refuse('appointment_changed_in_time');
        END IF;
        UPDATE prizes_appointment a SET state = 'MOVED', ended_at = clock_timestamp(), ended_by_id = account
         WHERE a.id = known.id;
    ELSIF coalesce(asked->>'instead_of', '') <> '' THEN
        PERFORM prizes_refuse('appointment_is_open');
    END IF;
    SELECT min(n) INTO free FROM generate_series(1, prizes_appointment_figure('seats', centre.code)) n
     WHERE NOT EXISTS (SELECT FROM prizes_appointment a WHERE a.place_id = centre.id AND a.seat = n
                          AND a.state IN ('BOOKED', 'KEPT') AND a.starts_at < starts + make_interval(mins => minutes)
                          AND a.ends_at > starts);
    IF free IS NULL THEN PERFORM prizes_refuse('appointment_seat_is_free'); END IF;
    INSERT INTO prizes_appointment (code, prize_id, place_id, starts_at, ends_at, seat, state, booked_by_id, booked_at)
    VALUES (asked->>'code', won.id, centre.id, starts, starts + make_interval(mins => minutes), free, 'BOOKED', account,
            clock_timestamp())
    RETURNING id INTO made;
    RETURN made;
END $$;

-- Give the seat back: the owner in good time, staff at any time.
CREATE FUNCTION prizes_appointment_cancel(its text, account bigint) RETURNS void LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    known prizes_appointment;
    is_staff boolean := EXISTS (SELECT FROM accounts_staffmember s WHERE s.user_id = account);
BEGIN
    PERFORM 1 FROM prizes_prize p JOIN prizes_appointment a ON a.prize_id = p.id WHERE a.code = its FOR NO KEY UPDATE OF p;
    SELECT a.* INTO known FROM prizes_appointment a WHERE a.code = its;
    IF NOT is_staff AND NOT EXISTS (SELECT FROM prizes_prize p JOIN accounts_player y ON y.id = p.owner_id
                                     WHERE p.id = known.prize_id AND y.user_id = account) THEN
        PERFORM prizes_refuse('appointment_by_its_owner');
    END IF;
    IF known.state IS DISTINCT FROM 'BOOKED' THEN PERFORM prizes_refuse('appointment_is_open'); END IF;
    IF NOT is_staff AND known.starts_at < clock_timestamp() + make_interval(hours => (
           SELECT prizes_appointment_figure('notice_hours', o.code) FROM partners_outlet o WHERE o.id = known.place_id)) THEN
        PERFORM prizes_refuse('appointment_changed_in_time');
    END IF;
    UPDATE prizes_appointment a SET state = 'CANCELLED', ended_at = clock_timestamp(), ended_by_id = account WHERE a.id = known.id;
END $$;

-- Whose day is over and who did not come; how many.
CREATE FUNCTION prizes_appointments_missed() RETURNS integer LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE found integer;
BEGIN
    UPDATE prizes_appointment a SET state = 'MISSED', ended_at = clock_timestamp()
     WHERE a.state = 'BOOKED' AND (a.starts_at AT TIME ZONE 'Asia/Shanghai')::date < prizes_today();
    GET DIAGNOSTICS found = ROW_COUNT;
    RETURN found;
END $$;

-- Somebody comes: now, to a centre, with a paper that was shown to who registers him and is that of who he says he
-- is. An appointment of the day is kept by it.
CREATE FUNCTION prizes_visit_registered() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    won prizes_prize;
    paper accounts_identitypaper;
    winner bigint;
BEGIN
    SELECT p.* INTO won FROM prizes_prize p WHERE p.id = NEW.prize_id FOR NO KEY UPDATE;
    IF won.route IS DISTINCT FROM 'CENTRE' THEN PERFORM prizes_refuse('visit_on_account_of_a_prize'); END IF;
    IF NOT EXISTS (SELECT FROM partners_outlet o WHERE o.id = NEW.place_id AND o.kind = 'CENTRE' AND o.state = 'ACTIVE') THEN
        PERFORM prizes_refuse('visit_at_a_centre');
    END IF;
    IF NOT EXISTS (SELECT FROM accounts_staffmember s WHERE s.user_id = NEW.registered_by_id) THEN
        PERFORM prizes_refuse('visit_registered_by_staff');
    END IF;
    SELECT y.person_id INTO winner FROM accounts_player y WHERE y.id = won.owner_id;
    IF prizes_person_of(NEW.registered_by_id) = (SELECT h.row_uuid::text FROM accounts_person h WHERE h.id = winner) THEN
        PERFORM prizes_refuse('claim_not_ones_own');
    END IF;
    SELECT i.* INTO paper FROM accounts_identitypaper i WHERE i.id = NEW.paper_id;
    IF paper.reference IS DISTINCT FROM 'visit:' || NEW.code OR paper.seen_by_id IS DISTINCT FROM NEW.registered_by_id
       OR NOT coalesce(CASE NEW.role
            WHEN 'WINNER' THEN paper.person_id = winner
            WHEN 'PROXY' THEN EXISTS (SELECT FROM accounts_proxy x WHERE x.id = NEW.proxy_id AND x.agent_id = paper.person_id
                                         AND x.principal_id = won.owner_id)
            ELSE paper.person_id IS DISTINCT FROM winner END, false) THEN
        PERFORM prizes_refuse('visit_by_who_the_paper_says');
    END IF;
    NEW.arrived_at := clock_timestamp();
    IF EXISTS (SELECT FROM prizes_visit v JOIN accounts_identitypaper i ON i.id = v.paper_id
                WHERE v.prize_id = NEW.prize_id AND i.person_id = paper.person_id AND prizes_visitor_is_there(v.id)) THEN
        PERFORM prizes_refuse('visit_once_at_a_time');
    END IF;
    NEW.appointment_id := NULL;
    IF NEW.role <> 'COMPANION' THEN
        UPDATE prizes_appointment a SET state = 'KEPT', ended_at = NEW.arrived_at, ended_by_id = NEW.registered_by_id
         WHERE a.prize_id = NEW.prize_id AND a.place_id = NEW.place_id AND a.state = 'BOOKED'
           AND (a.starts_at AT TIME ZONE 'Asia/Shanghai')::date = prizes_today()
        RETURNING a.id INTO NEW.appointment_id;
    END IF;
    RETURN NEW;
END $$;

-- A visitor is there on the day he came, until he has left.
CREATE FUNCTION prizes_visitor_is_there(its bigint) RETURNS boolean LANGUAGE sql STABLE
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM prizes_visit v
                    WHERE v.id = its AND (v.arrived_at AT TIME ZONE 'Asia/Shanghai')::date = prizes_today()
                      AND NOT EXISTS (SELECT FROM prizes_visitstep s WHERE s.visit_id = v.id AND s.kind = 'LEFT'))
$$;

CREATE FUNCTION prizes_visit_step_now() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM accounts_staffmember s WHERE s.user_id = NEW.noted_by_id) THEN
        PERFORM prizes_refuse('visit_registered_by_staff');
    END IF;
    IF NEW.kind = 'CALLED' AND NOT prizes_visitor_is_there(NEW.visit_id) THEN
        PERFORM prizes_refuse('visit_called_while_he_is_there');
    END IF;
    NEW.at := clock_timestamp();
    RETURN NEW;
END $$;

-- No claim at the centre is checked while nobody who may bring it is there, registered with his paper (F084).
CREATE FUNCTION prizes_claim_visitor_is_there() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM prizes_visit v WHERE v.prize_id = NEW.prize_id AND v.role <> 'COMPANION'
                      AND prizes_visitor_is_there(v.id)) THEN
        PERFORM prizes_refuse('claim_visitor_is_there');
    END IF;
    RETURN NEW;
END $$;

-- By which day a claim is to be paid: as promised last.
CREATE FUNCTION prizes_claim_promised(its bigint) RETURNS date LANGUAGE sql STABLE
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT coalesce((SELECT n.new_date FROM prizes_delaynotice n WHERE n.claim_id = c.id ORDER BY n.number DESC LIMIT 1), c.due_on)
      FROM prizes_claim c WHERE c.id = its AND c.state NOT IN ('PAID', 'ARCHIVED', 'REFUSED', 'RECOVERED')
$$;

CREATE FUNCTION prizes_delay_is_one() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT coalesce(prizes_claim_promised(NEW.claim_id) = NEW.due_on AND NEW.due_on < prizes_today(), false) THEN
        PERFORM prizes_refuse('delay_is_one');
    END IF;
    NEW.found_at := clock_timestamp();
    RETURN NEW;
END $$;

-- A notice promises a later day, to come, within the days of the policy; nobody writes it about his own prize.
CREATE FUNCTION prizes_delay_announced() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE promised date;
BEGIN
    PERFORM prizes_lock_claim(NEW.claim_id);
    promised := prizes_claim_promised(NEW.claim_id);
    IF promised IS NULL THEN PERFORM prizes_refuse('delay_of_a_claim_not_paid'); END IF;
    IF NOT EXISTS (SELECT FROM accounts_staffmember s WHERE s.user_id = NEW.announced_by_id) THEN
        PERFORM prizes_refuse('claim_moved_by_staff');
    END IF;
    IF prizes_claim_bar(NEW.claim_id, prizes_person_of(NEW.announced_by_id)) = 'claim_not_ones_own' THEN
        PERFORM prizes_refuse('claim_not_ones_own');
    END IF;
    IF NEW.new_date <= prizes_today() OR NEW.new_date > prizes_today() + coalesce(
           prizes_policy('prizes.delay_most_days', '', clock_timestamp())::text::integer, 0) THEN
        PERFORM prizes_refuse('delay_within_the_days');
    END IF;
    NEW.due_on := promised;
    NEW.number := 1 + (SELECT count(*) FROM prizes_delaynotice n WHERE n.claim_id = NEW.claim_id);
    NEW.announced_at := clock_timestamp();
    RETURN NEW;
END $$;
"""
TRIGGERS = {
    ("prizes_visit", "prizes_visit_registered"): "BEFORE INSERT ON prizes_visit FOR EACH ROW",
    ("prizes_visitstep", "prizes_visit_step_now"): "BEFORE INSERT ON prizes_visitstep FOR EACH ROW",
    ("prizes_claim", "prizes_claim_visitor_is_there"): (
        "BEFORE UPDATE ON prizes_claim FOR EACH ROW"
        " WHEN (OLD.state = 'OPENED' AND NEW.state = 'CHECKED' AND NEW.way = 'CENTRE')"
    ),
    ("prizes_delay", "prizes_delay_is_one"): "BEFORE INSERT ON prizes_delay FOR EACH ROW",
    ("prizes_delaynotice", "prizes_delay_announced"): (
        "BEFORE INSERT ON prizes_delaynotice FOR EACH ROW"
    ),
}
FUNCTIONS = [
    "prizes_appointment_fits(text, timestamptz, integer)",
    "prizes_appointment_figure(text, text)",
    "prizes_appointment_book(jsonb)",
    "prizes_appointment_cancel(text, bigint)",
    "prizes_appointments_missed()",
    "prizes_visitor_is_there(bigint)",
    "prizes_claim_promised(bigint)",
    *(f"{name}()" for _table, name in TRIGGERS),
]
SQL = (
    GUARDS
    + "".join(
        f"""
CREATE TRIGGER {name} {what} EXECUTE FUNCTION {name}();
ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name};
"""
        for (table, name), what in TRIGGERS.items()
    )
    + "".join(
        f"""
CREATE TRIGGER audit_log_row AFTER INSERT OR UPDATE ON prizes_{table}
    FOR EACH ROW EXECUTE FUNCTION audit_log_row('{kind}', '{key}');
ALTER TABLE prizes_{table} ENABLE ALWAYS TRIGGER audit_log_row;
"""
        for table, (kind, key) in LOGGED.items()
    )
    + "".join(
        f"""
CREATE TRIGGER prizes_{table}_never_changes BEFORE UPDATE OR DELETE ON prizes_{table}
    FOR EACH ROW EXECUTE FUNCTION evidence_never_changes();
ALTER TABLE prizes_{table} ENABLE ALWAYS TRIGGER prizes_{table}_never_changes;
"""
        for table in EVIDENCE
    )
    + "".join(f"REVOKE ALL ON FUNCTION {name} FROM PUBLIC;\n" for name in FUNCTIONS)
)
UNDO = (
    "".join(f"DROP TRIGGER prizes_{table}_never_changes ON prizes_{table};\n" for table in EVIDENCE)
    + "".join(f"DROP TRIGGER audit_log_row ON prizes_{table};\n" for table in LOGGED)
    + "".join(f"DROP TRIGGER {name} ON {table};\n" for table, name in TRIGGERS)
    + "".join(f"DROP FUNCTION {name};\n" for name in FUNCTIONS)
)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0010_papers_stand"),
        ("partners", "0002_outlets_by_agreement"),
        ("prizes", "0022_vouchers"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Appointment",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "code",
                    models.CharField(
                        default=lottery_portal.lib.codes.new_code,
                        max_length=20,
                        unique=True,
                        verbose_name="number of the appointment",
                    ),
                ),
                ("starts_at", models.DateTimeField(verbose_name="from")),
                ("ends_at", models.DateTimeField(verbose_name="until")),
                ("seat", models.SmallIntegerField(verbose_name="seat")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("BOOKED", "Booked"),
                            ("MOVED", "Moved"),
                            ("CANCELLED", "Cancelled"),
                            ("KEPT", "Came"),
                            ("MISSED", "Did not come"),
                        ],
                        default="BOOKED",
                        max_length=9,
                        verbose_name="state",
                    ),
                ),
                ("booked_at", models.DateTimeField(verbose_name="booked at")),
                ("ended_at", models.DateTimeField(null=True, verbose_name="ended at")),
                (
                    "booked_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="booked by",
                    ),
                ),
                (
                    "ended_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="ended by",
                    ),
                ),
                (
                    "place",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="partners.outlet",
                        verbose_name="centre",
                    ),
                ),
                (
                    "prize",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="appointments",
                        to="prizes.prize",
                        verbose_name="prize",
                    ),
                ),
            ],
            options={
                "verbose_name": "appointment",
                "verbose_name_plural": "appointments",
            },
        ),
        migrations.CreateModel(
            name="Delay",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("due_on", models.DateField(verbose_name="to be paid by")),
                ("found_at", models.DateTimeField(verbose_name="found at")),
                (
                    "claim",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="delays",
                        to="prizes.claim",
                        verbose_name="claim",
                    ),
                ),
            ],
            options={
                "verbose_name": "late payment",
                "verbose_name_plural": "late payments",
            },
        ),
        migrations.CreateModel(
            name="DelayNotice",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.SmallIntegerField(verbose_name="no.")),
                ("due_on", models.DateField(verbose_name="promised before")),
                ("new_date", models.DateField(verbose_name="promised now")),
                ("reason", models.CharField(max_length=300, verbose_name="reason")),
                ("announced_at", models.DateTimeField(verbose_name="announced at")),
                (
                    "announced_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="announced by",
                    ),
                ),
                (
                    "claim",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="delay_notices",
                        to="prizes.claim",
                        verbose_name="claim",
                    ),
                ),
            ],
            options={
                "verbose_name": "notice of a late payment",
                "verbose_name_plural": "notices of late payments",
            },
        ),
        migrations.CreateModel(
            name="Visit",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "code",
                    models.CharField(
                        default=lottery_portal.lib.codes.new_code,
                        max_length=20,
                        unique=True,
                        verbose_name="number of the visit",
                    ),
                ),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("WINNER", "The winner"),
                            ("PROXY", "Acts for the winner"),
                            ("GUARDIAN", "Guardian of the winner"),
                            ("COMPANION", "Comes along"),
                        ],
                        max_length=9,
                        verbose_name="who",
                    ),
                ),
                ("arrived_at", models.DateTimeField(verbose_name="came at")),
                (
                    "appointment",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="visits",
                        to="prizes.appointment",
                        verbose_name="appointment",
                    ),
                ),
                (
                    "paper",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.identitypaper",
                        verbose_name="identity paper",
                    ),
                ),
                (
                    "place",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="partners.outlet",
                        verbose_name="centre",
                    ),
                ),
                (
                    "prize",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="visits",
                        to="prizes.prize",
                        verbose_name="prize",
                    ),
                ),
                (
                    "proxy",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.proxy",
                        verbose_name="authority to act",
                    ),
                ),
                (
                    "registered_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="registered by",
                    ),
                ),
            ],
            options={
                "verbose_name": "visit",
                "verbose_name_plural": "visits",
            },
        ),
        migrations.CreateModel(
            name="VisitStep",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("CALLED", "Called to a counter"), ("LEFT", "Left")],
                        max_length=6,
                        verbose_name="what",
                    ),
                ),
                ("at", models.DateTimeField(verbose_name="at")),
                (
                    "noted_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="noted by",
                    ),
                ),
                (
                    "visit",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="steps",
                        to="prizes.visit",
                        verbose_name="visit",
                    ),
                ),
            ],
            options={
                "verbose_name": "step of a visit",
                "verbose_name_plural": "steps of visits",
            },
        ),
        migrations.AddConstraint(
            model_name="appointment",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "BOOKED")),
                fields=("prize",),
                name="appointment_once_per_prize",
            ),
        ),
        migrations.AddConstraint(
            model_name="appointment",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["BOOKED", "KEPT"])),
                fields=("place", "starts_at", "seat"),
                name="appointment_seat_taken_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="appointment",
            constraint=models.CheckConstraint(
                condition=models.Q(("seat__gt", 0)), name="appointment_seat_positive"
            ),
        ),
        migrations.AddConstraint(
            model_name="appointment",
            constraint=models.CheckConstraint(
                condition=models.Q(("ends_at__gt", models.F("starts_at"))),
                name="appointment_ends_after_it_begins",
            ),
        ),
        migrations.AddConstraint(
            model_name="appointment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("state__in", ["BOOKED", "MOVED", "CANCELLED", "KEPT", "MISSED"])
                ),
                name="appointment_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="appointment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_at__isnull", True), ("state", "BOOKED")),
                    models.Q(
                        models.Q(("state", "BOOKED"), _negated=True), ("ended_at__isnull", False)
                    ),
                    _connector="OR",
                ),
                name="appointment_ended_has_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="delay",
            constraint=models.UniqueConstraint(
                fields=("claim", "due_on"), name="delay_once_per_day"
            ),
        ),
        migrations.AddConstraint(
            model_name="delaynotice",
            constraint=models.UniqueConstraint(
                fields=("claim", "number"), name="delay_notice_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="delaynotice",
            constraint=models.CheckConstraint(
                condition=models.Q(("reason", ""), _negated=True), name="delay_notice_has_reason"
            ),
        ),
        migrations.AddConstraint(
            model_name="delaynotice",
            constraint=models.CheckConstraint(
                condition=models.Q(("new_date__gt", models.F("due_on"))),
                name="delay_notice_date_later",
            ),
        ),
        migrations.AddIndex(
            model_name="visit",
            index=models.Index(fields=["place", "arrived_at"], name="visit_of_a_day"),
        ),
        migrations.AddConstraint(
            model_name="visit",
            constraint=models.CheckConstraint(
                condition=models.Q(("role__in", ["WINNER", "PROXY", "GUARDIAN", "COMPANION"])),
                name="visit_role_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="visit",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("proxy__isnull", False), ("role", "PROXY")),
                    models.Q(models.Q(("role", "PROXY"), _negated=True), ("proxy__isnull", True)),
                    _connector="OR",
                ),
                name="visit_by_proxy_has_authority",
            ),
        ),
        migrations.AddConstraint(
            model_name="visitstep",
            constraint=models.UniqueConstraint(fields=("visit", "kind"), name="visit_step_once"),
        ),
        migrations.AddConstraint(
            model_name="visitstep",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["CALLED", "LEFT"])), name="visit_step_known"
            ),
        ),
        migrations.RunSQL(SQL, UNDO),
    ]
