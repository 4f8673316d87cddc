"""Builds the service of its parts: gallery, client of the model servers, telemetry, as the settings say."""

from dataclasses import dataclass

from orchestrator.api.face_service import FaceService
from orchestrator.gallery.gallery import Gallery
from orchestrator.predict.servers.balanced_predictor import BalancedPredictor
from orchestrator.predict.servers.endpoints import EndpointSource, source_of
from orchestrator.predict.versioned_predictor import VersionedPredictor
from orchestrator.predict.versions import Versions
from orchestrator.settings import Settings
from orchestrator.telemetry.build import build_telemetry


@dataclass(frozen=True)
class Built:
    """A service, and the parts that `orchestrator.fleet.orchestrator_heartbeat` reads and changes."""

    service: FaceService
    balanced: BalancedPredictor
    versioned: VersionedPredictor
    versions: Versions


def build(settings: Settings) -> FaceService:
    """Returns the service on top of the model servers and the gallery that the settings name."""
    return build_on(source_of(settings.targets()), settings).service


def build_on(source: EndpointSource, settings: Settings) -> Built:
    """Returns the service and its parts, on top of the model servers that the source knows."""
    gallery = Gallery(settings.gallery, keep_chips=bool(settings.gallery_chips)) if settings.gallery else None
    versions = Versions()
    balanced = BalancedPredictor(source, settings.balance_options())
    versioned = VersionedPredictor(balanced, versions)
    telemetry = build_telemetry(settings)
    service = FaceService(settings, versioned, gallery, observer=telemetry, versions=versions)
    return Built(service, balanced, versioned, versions)
