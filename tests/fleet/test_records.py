"""Who still changes its record lives, by the reader's own clock."""

from orchestrator.fleet.heartbeat import STALE_AFTER_S, HeartbeatTracker
from orchestrator.fleet.records import OrchestratorRecord, ServerRecord, encode


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def server(beat: int) -> bytes:
    return encode(
        ServerRecord(
            id="a",
            address="10.0.0.1:5000",
            models=("pnet", "rnet"),
            node="10.0.0.1",
            pid=1,
            replica_pid=2,
            generation=3,
            versions={"pnet": [1, 2]},
            beat=beat,
        )
    )


def test_a_record_comes_back_as_it_was() -> None:
    found = HeartbeatTracker(ServerRecord).update({"server/a": server(7)})["server/a"]
    assert (found.models, found.versions, found.beat) == (("pnet", "rnet"), {"pnet": [1, 2]}, 7)
    load = OrchestratorRecord(id="o", pid=1, generation=1, in_flight={"pnet": 2.0}, versions={"pnet": {"1": [0, 3]}})
    assert HeartbeatTracker(OrchestratorRecord).update({"o": encode(load)}) == {"o": load}


def test_who_goes_on_changing_lives_and_who_does_not_is_gone() -> None:
    clock = Clock()
    living = HeartbeatTracker(ServerRecord, clock)
    for beat in range(5):
        clock.now_s = beat * 3.0
        found = living.update({"server/a": server(beat), "server/dead": server(0)})
        assert set(found) == ({"server/a", "server/dead"} if clock.now_s <= STALE_AFTER_S else {"server/a"})
    clock.now_s += 1
    assert set(living.update({"server/a": server(9), "server/dead": server(1)})) == {"server/a", "server/dead"}


def test_a_record_is_believed_up_to_the_limit() -> None:
    clock = Clock()
    living = HeartbeatTracker(ServerRecord, clock)
    living.update({"server/a": server(0)})
    clock.now_s = STALE_AFTER_S
    assert living.update({"server/a": server(0)})
    clock.now_s = STALE_AFTER_S + 0.001
    assert not living.update({"server/a": server(0)})


def test_after_a_time_in_which_nobody_could_write_everybody_is_believed_again() -> None:
    clock = Clock()
    living = HeartbeatTracker(ServerRecord, clock)
    living.update({"server/a": server(0)})
    clock.now_s = 60
    living.forget()
    assert living.update({"server/a": server(0)})
