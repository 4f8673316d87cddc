"""Where the tests find the repository's files."""

from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
SAMPLES = REPOSITORY / "samples"
SERVING_CONFIGS = REPOSITORY / "serving_configs"
