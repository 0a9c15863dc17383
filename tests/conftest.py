"""
What all tests share: how hard hypothesis tries, and an environment without surprises.

`HYPOTHESIS_PROFILE` chooses: `dev` (the default) is random and quick, `ci` draws the same
examples in every run, `thorough` takes its time, `mutation` only wants to know whether it fails.
"""

import os

from hypothesis import HealthCheck, Phase, settings

# No deadlines: on a busy machine they fail the machine, not the code.
settings.register_profile("dev", deadline=None, max_examples=50)
settings.register_profile(
    "ci",
    deadline=None,
    derandomize=True,
    max_examples=50,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "thorough",
    deadline=None,
    max_examples=5_000,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "mutation",
    deadline=None,
    derandomize=True,
    max_examples=20,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
_PROFILE = os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "dev")
settings.load_profile(_PROFILE)
# For the workers of xdist, which read this too once CI is taken away below.
os.environ["HYPOTHESIS_PROFILE"] = _PROFILE

# Whoever runs the tests has settings, a terminal, perhaps a proxy or a CI system: none of it is
# what a test means. Commands that tests start inherit this.
_STRANGE = ("MAILSTATE_", "GITHUB_", "RUNNER_")
_STRANGE_NAMES = {
    "ALL_PROXY",
    "CI",
    "CLICOLOR",
    "CLICOLOR_FORCE",
    "COLUMNS",
    "FORCE_COLOR",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "LINES",
    "NO_COLOR",
    "NO_PROXY",
    "TTY_COMPATIBLE",
    "TTY_INTERACTIVE",
}
for _name in list(os.environ):
    if _name.startswith(_STRANGE) or _name.upper() in _STRANGE_NAMES:
        del os.environ[_name]
# Nor what they have read before. Tests about that say where it is kept.
os.environ["MAILSTATE_CACHE"] = "off"
