"""Which calls the client retries, how often, and after how long."""

RETRIES = {
    "methodConfig": [
        {
            # These change nothing, so a retry is safe.
            "name": [{"service": "facegrid.v1.FaceService"}, {"service": "facegrid.v1.GeneratorService"}],
            "retryPolicy": {
                "maxAttempts": 4,
                "initialBackoff": "0.1s",
                "maxBackoff": "1s",
                "backoffMultiplier": 3,
                # gRPC waits as long as a busy service asks for (grpc-retry-pushback-ms).
                # A server too busy for that answer cancels calls before it reads them.
                "retryableStatusCodes": ["UNAVAILABLE", "RESOURCE_EXHAUSTED", "CANCELLED"],
            },
        },
        {
            # No retries: where only the answer to the first attempt was lost, the second would report that the face
            # is enrolled already, or the subject unknown.
            "name": [
                {"service": "facegrid.v1.FaceService", "method": "Enroll"},
                {"service": "facegrid.v1.FaceService", "method": "EnrollStream"},
                {"service": "facegrid.v1.FaceService", "method": "DeleteSubject"},
            ],
        },
    ]
}
"""Attempts at about 0, 0.1, 0.4 and 1.3 s, which gRPC randomizes, all within the call's deadline."""

UNROUTED_PAUSES_S = (0.1, 0.3, 0.9)
"""Pauses before a call is repeated that no replica has seen, as those above; see `facegrid.client.status.is_unrouted`.
"""
NEVER_REPEATED = frozenset({"Enroll", "DeleteSubject"})
"""Calls that change the gallery; see above."""
