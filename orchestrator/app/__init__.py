"""The whole service on one machine: what `facegrid up`, `down` and `status` do.

    up ──┬── model server    tensorflow_model_server, or `python -m model_server`, on a UNIX socket
         └── serve host      `python -m orchestrator.app.serve_host`: an own Ray, Ray Serve, gRPC ingress

With `--replicas` the model servers are deployments of Ray Serve instead (orchestrator/fleet).
Both are started at the same time, each the leader of a session of processes. What was started is
written to a state folder at once, so that `down` stops exactly that, also after `up` was killed.
"""
