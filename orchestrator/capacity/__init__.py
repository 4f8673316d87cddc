"""How much of everything a load needs: the service in virtual time, with the very rules that it runs by.

profile.py -> workload.py (what a picture asks for) -> world.py (orchestrators and servers) -> search.py, day.py
"""
