"""The one seam between the pipeline and the networks.

Behind it are model servers in production (`servers/balanced_predictor.py`) and plain functions in tests. The contract
tests in tests/predict hold every implementation to the same behaviour.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from numpy.typing import NDArray

from exporters.signatures import SERVING_DEFAULT
from orchestrator.deadline import Deadline

Arrays = Mapping[str, NDArray[Any]]


class Predictor(Protocol):
    """Runs networks by name."""

    async def start(self) -> None:
        """Makes the predictor ready; the servers may come later."""
        ...

    async def close(self) -> None:
        """Releases what `start` took; calls under way fail."""
        ...

    async def predict(
        self,
        model: str,
        inputs: Arrays,
        *,
        deadline: Deadline,
        signature: str = SERVING_DEFAULT,
        version: int | None = None,
    ) -> dict[str, NDArray[Any]]:
        """Returns the outputs of `model` for one batch, by name, as `exporters.signatures` says.

        Args:
            model: A name in `exporters.signatures.CONTRACTS`.
            inputs: Arrays with the dtypes and shapes of the signature; the batch is not empty.
            deadline: When to give up; it names the model while the call waits for it.
            signature: A signature of the model.
            version: The version that answers, and no other; None: the newest that the server has.

        Raises:
            Unavailable: No server can be reached that has the model in this version.
            DeadlineExceeded: No answer before the deadline; the message names the model.
            Overloaded: The servers refuse more work.
            InternalError: The answer does not keep the contract.
        """
        ...
