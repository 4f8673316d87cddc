"""The whole service on one machine: what `facegrid up`, `down` and `status` do.

    up ── supervisord ──┬── serve host    a Ray of its own, Ray Serve, gRPC ingress, orchestrators, model servers
                        └── TLS proxy     with --tls-cert

`supervision/` keeps these up: it restarts a part that ends, and supervisord itself. `up` and the parts write to a state
folder which processes there are, so that `down` stops exactly these, even after `up` was killed.
"""
