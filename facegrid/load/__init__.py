"""Puts a load on a service and measures its answers: the library behind `facegrid bench`.

schedule.py  when calls are sent          mix.py    which requests are sent
load.py      sends them and waits         calls.py  the record of the calls, and its percentiles
plot.py      draws the record
"""
