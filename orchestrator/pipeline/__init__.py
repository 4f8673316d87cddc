"""The arithmetic of the service, with numpy, OpenCV and Pillow; networks are called through `Predictor`.

A picture    decode -> pyramid -> tiles -> [pnet] -> propose -> boxes -> refine [rnet] -> refine [onet]  (cascade.py)
             -> align -> [embedder]  (recognize.py)
A video      shots -> follow -> tracker -> decide -> presence  (watch.py)
Digits       noise -> [generator] -> digits
"""
