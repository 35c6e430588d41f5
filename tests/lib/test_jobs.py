"""The row is the queue, Celery is the doorbell (D10)."""

from datetime import timedelta

import pytest
from django.db import connection, transaction

from lottery_portal import jobs
from lottery_portal.jobs import queue
from lottery_portal.jobs.models import Job
from tests.at_once import at_once

CALLS: list[dict[str, int]] = []


class Trouble(Exception):
    """Something that may pass."""


@jobs.handler("tests.note", max_attempts=3)
def note(*, number: int) -> None:
    CALLS.append({"number": number})


@jobs.handler("tests.fail", max_attempts=2)
def fail() -> None:
    raise Trouble("again")


@jobs.handler("tests.one_at_a_time", limit=1)
def one_at_a_time(*, number: int) -> None:
    CALLS.append({"number": number})


@pytest.fixture(autouse=True)
def _no_calls():
    CALLS.clear()


def ask(kind: str, key: str, **payload: int) -> Job:
    with transaction.atomic():
        jobs.enqueue(kind, key=key, **payload)  # type: ignore[arg-type]  # a payload only
    return Job.objects.get(kind=kind, key=key)


@pytest.mark.django_db
def test_asking_twice_under_one_key_is_one_job():
    ask("tests.note", "one", number=1)
    ask("tests.note", "one", number=2)

    assert jobs.run_pending() == 1
    assert CALLS == [{"number": 1}]
    assert jobs.run_pending() == 0


@pytest.mark.django_db
def test_work_is_asked_for_inside_a_transaction():
    with pytest.raises(RuntimeError, match="needs the transaction"):
        jobs.enqueue("tests.note", key="one", number=1)


@pytest.mark.django_db
def test_a_kind_nobody_does_is_a_bug():
    with pytest.raises(RuntimeError, match="No handler"), transaction.atomic():
        jobs.enqueue("tests.unknown", key="one")


@pytest.mark.django_db
def test_a_failure_waits_longer_each_time_and_ends_after_its_attempts(settings):
    settings.JOBS_RAISE = False
    job = ask("tests.fail", "one")

    assert jobs.run_one(job.pk) is False
    job.refresh_from_db()
    assert (job.state, job.attempts) == ("WAITING", 1)
    assert job.available_at - job.enqueued_at > timedelta(seconds=1)
    assert "again" in job.error

    Job.objects.filter(pk=job.pk).update(available_at=job.enqueued_at)
    jobs.run_one(job.pk)
    job.refresh_from_db()
    assert (job.state, job.attempts) == ("FAILED", 2)
    assert jobs.run_one(job.pk) is False


@pytest.mark.django_db
def test_a_lease_that_ran_out_is_taken_by_another_worker():
    job = ask("tests.note", "one", number=1)
    Job.objects.filter(pk=job.pk).update(state="RUNNING", lease_until=job.enqueued_at, attempts=1)

    assert jobs.run_one(job.pk) is True
    job.refresh_from_db()
    assert (job.state, job.attempts) == ("DONE", 2)


@pytest.mark.django_db
def test_a_worker_that_lost_its_lease_cannot_mark_the_job():
    job = ask("tests.note", "one", number=1)
    Job.objects.filter(pk=job.pk).update(
        state="RUNNING", lease_until=job.enqueued_at + timedelta(hours=1), attempts=2
    )

    queue._finish(job.pk, attempts=1)

    job.refresh_from_db()
    assert job.state == "RUNNING"


@pytest.mark.django_db
def test_a_full_kind_waits():
    first, second = (ask("tests.one_at_a_time", str(number), number=number) for number in (1, 2))
    Job.objects.filter(pk=first.pk).update(
        state="RUNNING", lease_until=first.enqueued_at + timedelta(hours=1)
    )

    assert jobs.run_one(second.pk) is False
    assert CALLS == []


@pytest.mark.django_db
def test_a_tick_is_one_row_a_slot():
    ticked = queue.HANDLERS["tests.fail"]
    queue.tick(ticked.kind, every=timedelta(hours=10))
    queue.tick(ticked.kind, every=timedelta(hours=10))

    assert Job.objects.filter(kind="tests.fail").count() == 1


@pytest.mark.django_db
def test_a_rung_job_is_not_rung_again_at_once():
    job = ask("tests.note", "one", number=1)

    assert queue.due() == [(job.pk, "tests.note")]
    assert queue.due() == []


@pytest.mark.django_db
def test_old_ticks_are_swept_and_other_work_keeps_its_key():
    tick, kept = ask("tests.note", "tick:1", number=1), ask("tests.note", "settle:1", number=2)
    jobs.run_pending()
    long_ago = tick.enqueued_at - timedelta(days=2)
    Job.objects.filter(pk__in=[tick.pk, kept.pk]).update(done_at=long_ago)

    assert queue.sweep() == 1
    assert list(Job.objects.values_list("key", flat=True)) == ["settle:1"]


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_ten_workers_at_one_job_do_it_once():
    job = ask("tests.note", "one", number=7)

    done = at_once([lambda: jobs.run_one(job.pk)] * 10)

    assert sorted(done, key=bool) == [False] * 9 + [True]
    assert CALLS == [{"number": 7}]
    with connection.cursor() as cursor:
        cursor.execute("SELECT state, attempts FROM jobs_job WHERE id = %s", [job.pk])
        assert cursor.fetchone() == ("DONE", 1)
