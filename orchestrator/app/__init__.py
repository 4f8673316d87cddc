"""The whole service on one machine: what `facegrid up`, `down` and `status` do.

    up ──┬── model server    tensorflow_model_server, or `python -m model_server`, on a UNIX socket
         └── serve host      `python -m orchestrator.app.serve_host`: a Ray of its own, Ray Serve, gRPC ingress

With `--replicas` the model servers are deployments of Ray Serve instead (orchestrator/fleet). Both processes start at
the same time, each as the leader of its own session. `up` writes each to a state folder as it starts, so that `down`
stops exactly these, even after `up` was killed.
"""
