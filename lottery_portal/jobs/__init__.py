"""Work for later: a row is the queue, Celery is only the doorbell (D10).

`enqueue` writes a row in the caller's transaction; the dispatcher rings Celery about rows that are
due; a worker leases the row, calls its handler and marks it done. Nothing here depends on Redis
keeping anything, and the web process never talks to it.
"""

from .queue import enqueue, enqueue_again, handler, hold, run_one, run_pending

__all__ = ["enqueue", "enqueue_again", "handler", "hold", "run_one", "run_pending"]
