"""Many model servers and many orchestrators that know of each other through Ray.

    model server replica ──puts──> server/ID        where it listens, what it serves
    orchestrator replica ──puts──> orchestrator/ID  its load, by model and version, and which plan it follows
    rollout              ──puts──> plan             which versions are served, and who gets which

Everybody reads all of it several times a minute from the store of Ray's head service, which needs neither
Ray Serve's controller nor a process of its own. Only `store.py` knows Ray.
"""
