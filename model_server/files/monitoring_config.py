"""The path of the metrics on the REST port: the MonitoringConfig of a file."""

from facegrid.tfserving.v1.monitoring_config_pb2 import MonitoringConfig
from model_server.files.text_proto import read_text_proto
from model_server.flags import Flags

DEFAULT_PATH = "/monitoring/prometheus/metrics"


def configured_metrics_path(flags: Flags) -> str | None:
    """Returns the path of the metrics on the REST port; None if they are not served.

    As upstream, the file is not read without a REST port.

    Raises:
        ServingError: The file cannot be read, or is not a MonitoringConfig.
    """
    file = flags.text("monitoring_config_file")
    if not file or not flags.number("rest_api_port"):
        return None
    config = read_text_proto(file, MonitoringConfig()).prometheus_config
    return (config.path or DEFAULT_PATH) if config.enable else None
