"""
What all tests share: how hard hypothesis tries.

`HYPOTHESIS_PROFILE` chooses: `dev` (the default) is random and quick, `ci` draws the same
examples in every run, `thorough` takes its time.
"""

import os

from hypothesis import HealthCheck, settings

# No deadlines: on a busy machine they fail the machine, not the code.
settings.register_profile("dev", deadline=None, max_examples=100)
settings.register_profile(
    "ci",
    deadline=None,
    derandomize=True,
    max_examples=200,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("thorough", deadline=None, max_examples=5_000)
settings.load_profile(
    os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "dev")
)
