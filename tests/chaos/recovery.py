"""Running again until all is as it should be, under the eyes of the oracle."""

from mailstate.errors import ExitCode
from tests.chaos import oracle
from tests.chaos.stage import Stage

RERUNS = 3


def recover(stage: Stage, *, is_published: bool = True) -> None:
    """
    Run again without faults, at most `RERUNS` times, until the server is as the files want it.

    The operator removes what is half-made before each run; nobody else may. The letters that
    earlier runs left due come by themselves, since the journal is the same.
    """
    stage.calm()
    for left in reversed(range(RERUNS)):
        stage.have_halves_removed()
        act = stage.apply()
        oracle.check(stage, act)
        assert act.ran.code not in {ExitCode.INVALID, ExitCode.INTERRUPTED}, act.ran
        if not stage.world.faults_of(stage.sandbox, is_published=is_published) or not left:
            break
    oracle.check_converged(stage, is_published=is_published)
    oracle.check_ways_in(stage)
    oracle.check_secrets(stage)
