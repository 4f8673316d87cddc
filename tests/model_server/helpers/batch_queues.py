"""What waits in the queues of a scheduler."""

from model_server.batching.scheduler import BatchScheduler


def queued(scheduler: BatchScheduler) -> int:
    """Returns how many tasks wait."""
    with scheduler._changed:
        return sum(len(batch.tasks) for queue in scheduler._queues.values() for batch in queue.batches)
