"""Every method of the API, for gRPC and REST: which version answers, and what the metrics count.

A method takes a request and the seconds left to its deadline, None without one. It returns the response or raises
ServingError.
"""

from facegrid.tfserving.v1.classification_pb2 import ClassificationRequest, ClassificationResponse
from facegrid.tfserving.v1.inference_pb2 import MultiInferenceRequest, MultiInferenceResponse
from facegrid.tfserving.v1.model_management_pb2 import ReloadConfigRequest, ReloadConfigResponse
from facegrid.tfserving.v1.model_metadata_pb2 import GetModelMetadataRequest, GetModelMetadataResponse
from facegrid.tfserving.v1.model_status_pb2 import GetModelStatusRequest, GetModelStatusResponse
from facegrid.tfserving.v1.predict_pb2 import PackedPredictResponse, PredictRequest
from facegrid.tfserving.v1.regression_pb2 import RegressionRequest, RegressionResponse
from model_server.methods import texts
from model_server.methods.classify import classify
from model_server.methods.get_model_metadata import check_fields, metadata
from model_server.methods.get_model_status import model_status
from model_server.methods.multi_inference import multi_inference, requested_model
from model_server.methods.predict import PredictOptions, predict
from model_server.methods.regress import regress
from model_server.methods.reload_config import reload_config
from model_server.metrics.server_metrics import ServerMetrics
from model_server.versions.manager import VersionManager


class Services:
    """Answers requests with the versions that a manager keeps. Calls may come from many threads at once."""

    def __init__(self, manager: VersionManager, metrics: ServerMetrics, predict_options: PredictOptions) -> None:
        self._manager = manager
        self._metrics = metrics
        self._predict_options = predict_options

    def predict(self, request: PredictRequest, timeout_s: float | None) -> PackedPredictResponse:
        """PredictionService.Predict."""
        if not request.HasField("model_spec"):
            raise texts.missing_model_spec()
        with self._manager.available.use(request.model_spec) as handle:
            servable = self._metrics.measured(handle.servable, request.model_spec.name, "Predict")
            return predict(servable, handle.version, request, self._predict_options, timeout_s=timeout_s)

    def classify(self, request: ClassificationRequest, timeout_s: float | None) -> ClassificationResponse:
        """PredictionService.Classify."""
        if not request.HasField("model_spec"):
            raise texts.missing_model_spec()
        check = self._predict_options.check_method_name
        with self._manager.available.use(request.model_spec) as handle:
            servable = self._metrics.measured(handle.servable, request.model_spec.name, "Classify")
            return classify(servable, handle.version, request, check_method_name=check, timeout_s=timeout_s)

    def regress(self, request: RegressionRequest, timeout_s: float | None) -> RegressionResponse:
        """PredictionService.Regress."""
        if not request.HasField("model_spec"):
            raise texts.missing_model_spec()
        check = self._predict_options.check_method_name
        with self._manager.available.use(request.model_spec) as handle:
            servable = self._metrics.measured(handle.servable, request.model_spec.name, "Regress")
            return regress(servable, handle.version, request, check_method_name=check, timeout_s=timeout_s)

    def multi_inference(self, request: MultiInferenceRequest, timeout_s: float | None) -> MultiInferenceResponse:
        """PredictionService.MultiInference."""
        check = self._predict_options.check_method_name
        with self._manager.available.use(requested_model(request)) as handle:
            servable = self._metrics.measured(handle.servable, requested_model(request).name, "MultiInference")
            return multi_inference(servable, handle.version, request, check_method_name=check, timeout_s=timeout_s)

    def get_model_metadata(
        self, request: GetModelMetadataRequest, _timeout_s: float | None
    ) -> GetModelMetadataResponse:
        """PredictionService.GetModelMetadata."""
        check_fields(request)
        with self._manager.available.use(request.model_spec) as handle:
            return metadata(handle.servable, handle.version, request)

    def get_model_status(self, request: GetModelStatusRequest, _timeout_s: float | None) -> GetModelStatusResponse:
        """ModelService.GetModelStatus."""
        return model_status(self._manager.board, request)

    def reload_config(self, request: ReloadConfigRequest, timeout_s: float | None) -> ReloadConfigResponse:
        """ModelService.HandleReloadConfigRequest."""
        return reload_config(self._manager, self._metrics.registry, request, timeout_s)
