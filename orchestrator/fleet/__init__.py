"""Many model servers and many orchestrators, which find each other through a store in Ray.

    model server replica ──puts──> server/ID        where it listens, what it serves
    orchestrator replica ──puts──> orchestrator/ID  its load, by model and version, and which plan it follows
    rollout              ──puts──> plan             which versions are served, and to which share of the requests

Each reads what it needs every second or so from the store of Ray's head service, which needs neither Ray Serve's
controller nor a process of its own. Only `store.py` imports Ray.
"""
