"""How many orchestrators and servers a load needs: the service in virtual time, with the service's own rules.

profile.py -> workload.py (what a picture needs) -> simulated_service.py (orchestrators and servers)
           -> simulate.py (a steady load) -> search.py (the smallest service), day.py (a day with autoscaling)
"""
