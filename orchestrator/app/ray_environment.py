"""The variables that Ray reads when it is imported, whatever the ingress."""

import secrets
from collections.abc import Mapping
from pathlib import Path


def ray_environment(env: Mapping[str, str], run_dir: Path) -> dict[str, str]:
    """Returns `env` with a new secret for Ray's ports, without usage reports, and without variables of other clusters.

    The secret is in the run folder, where only this user can read it.
    """
    token = run_dir / "ray_token"
    token.touch(mode=0o600)
    token.write_text(secrets.token_hex(32), encoding="ascii")
    foreign = ("RAY_ADDRESS", "RAY_AUTH_TOKEN", "RAY_NAMESPACE", "RAY_TMPDIR")
    return {name: value for name, value in env.items() if name not in foreign} | {
        "RAY_AUTH_MODE": "token",  # Ray's own ports listen on every interface
        "RAY_AUTH_TOKEN_PATH": str(token),
        "RAY_USAGE_STATS_ENABLED": "0",
        # Ray lowers the priority of its workers, which is right for batch work and wrong for calls.
        "RAY_worker_niceness": "0",
    }
