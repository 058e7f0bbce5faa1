"""What Celery calls. A message carries no work: it only wakes somebody to look into the database."""

from celery import shared_task
from django.utils import timezone

from recordings import enrich, exporting, jobs, meters, overview, sharing, throttle, tokens, transcripts
from recordings import retention as ending
from recordings.ingest import finish, silent
from recordings.models import JobKind
from recordings.webhooks import deliver

HANDLERS: dict[str, jobs.Handler] = {
    JobKind.FINISH: jobs.Handler(finish.run, finish.give_up),
    JobKind.PICTURES: jobs.Handler(enrich.run),
    JobKind.EXPORT: jobs.Handler(exporting.run, exporting.give_up),
    JobKind.TEXT: jobs.Handler(transcripts.run, transcripts.give_up),
}


@shared_task
def wake() -> None:
    """There may be a job, or something to tell."""
    jobs.run_due(HANDLERS)
    deliver.start()


@shared_task
def sweep() -> None:
    """Every few seconds: what no message announced, or whose worker died."""
    now = timezone.now()
    with meters.swept("sweep"):
        silent.complete(now)
        exporting.resume()
        jobs.run_due(HANDLERS)
        ending.purge(now)
        deliver.start()


@shared_task
def retention() -> None:
    """Every hour: hide what is older than its limit, clean up after what was interrupted, measure what is kept."""
    now = timezone.now()
    with meters.swept("retention"):
        ending.expire(now)
        silent.forget_expired(now)
        silent.forget_abandoned(now)
        silent.forget_half_stored(now)
        throttle.forget(now)
        tokens.forget(now)
        exporting.expire(now)
        sharing.forget(now)
        deliver.forget(now)
        overview.measure(now)
