"""Load on a service, and what it answers: the library under `facegrid bench`.

schedule.py  when calls are sent          mix.py   what is sent
load.py      sends them and waits         calls.py is what was sent and came back, and its percentiles
plot.py      draws it
"""
